"""Problems with gold and preference labels that several tests share."""

from skroute.datasets import make_gold_preference


def logged_problem(n=800, n_models=4, n_gold=200, seed=0, **options):
    return make_gold_preference(
        n, 10, n_models=n_models, n_gold=n_gold, random_state=seed, **options
    )


def gain(y):
    return y["quality"]["primary"] - y["quality"]["alternative"]
