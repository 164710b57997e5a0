"""The web server in front of the pages: sign-in, headers, data routes, Streamlit's settings.

What may live here: anything that looks at a request before a page does. Pages never see cookies or headers.
"""
