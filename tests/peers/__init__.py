"""Others' own test cases, against our gateway and our stores.

A case is written down as a fact: what is sent, what must be answered and stored, and the name that
its source gives it. The tables hold no code and no sentence of theirs. UNFIT, beside each table,
has the cases that do not fit, with the reason.
"""
