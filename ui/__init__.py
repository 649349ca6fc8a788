"""Everything that imports Streamlit: what pages show, and what they share."""
