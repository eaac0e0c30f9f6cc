"""Problems whose best input is known, or planted, so that a benchmark can say how far from it a search ended.

Nothing here depends on featviz and nothing is downloaded.

- ``analytic``: Branin, Hartmann and Ackley, turned or moved; maximum 0.
- ``ehrlich``: Ehrlich functions of sequences; maximum 1, constructible.
- ``ensembles``: trained tree ensembles; maximum over the box of the training data by mixed-integer programming
  (``tree_maximum``).
- ``matched_filters``: series of 256 points that shall resemble a hidden template; maximum 1.
- ``mixed``: gradient boosting on numbers, integers and categories; exact maximum too.
- ``pendulum``: rollouts of policies of six numbers.
- ``planted``: triggers in pictures, tokens, tables and series that small models were trained to answer to.
- ``tokens``: TF-IDF + logistic regression on sentences, with a planted trigger.
- ``series``: random convolutions + logistic regression on series of 128 points, with a planted segment.
"""
