"""The pages' parts: everything that imports Streamlit."""
