"""Holds the script that Streamlit runs, and nothing else.

It must not lie beside the folder `pages`: Streamlit would then take each module in there for a script of its own, and
the first deep link to reach a new process would run it alone and show an empty page.
"""
