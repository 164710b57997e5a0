"""The Streamlit dashboard: one file a page, shared components beside them. Reads only through schema's queries."""
