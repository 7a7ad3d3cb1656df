"""The pages of the work: one file a page, and `*_view.py` where what is shown takes some making."""
