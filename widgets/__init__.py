"""Parts of pages that use Streamlit: what pages share, or what outgrew a page."""
