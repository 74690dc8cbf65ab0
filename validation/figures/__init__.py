"""The figures of the page, one a file.

Each function returns a `Drawing`: SVG that follows the page's colours, and a sentence that says what it shows.
matplotlib is imported when something is drawn.
"""
