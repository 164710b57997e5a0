"""Our own parts of a page: Python that hands over data, ES modules in assets/ that draw it."""
