"""The Learn page's small NumPy models, figures, tutorial programs and glossary."""
