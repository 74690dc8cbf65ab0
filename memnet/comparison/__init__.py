"""Models compared on data sets: `memnet evaluate` and `memnet compare`.

    entrants + test sets ─▶ scores (resumable) ─▶ `compare_models` ─▶ Comparison ─▶ text │ JSON │ CSV │ figure

`entrants` and `test_sets` read what a user names; `origins` knows what a model has seen in training.
"""
