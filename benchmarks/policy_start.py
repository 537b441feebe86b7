"""Where should L-BFGS start on the softmax regret? Three starts on problems with a known truth.

    python benchmarks/policy_start.py [--seeds 5]

Utilities are linear in X plus noise, and one model is better than the others by `lead` on average:
the larger the lead, the more a fit is tempted to end at that model for every query. Printed are
mean test regrets (lower is better), in units of the noise-free utility.
"""

import argparse
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skroute.policy import RegretPolicyClassifier


def problem(seed, lead, n_rows=4000, n_features=64, n_models=6):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features))
    truth = X @ rng.normal(size=(n_features, n_models)) / np.sqrt(n_features)
    truth[:, 0] += lead
    return X, truth, truth + rng.normal(size=truth.shape)


def fit_from(start, X, utility):
    if start == "ridge (default)":
        return RegretPolicyClassifier().fit(X, utility)
    policy = RegretPolicyClassifier(loss="classification", warm_start=True)
    if start == "zero":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            policy.set_params(max_iter=1).fit(X, utility)
        policy.coefs_ = [np.zeros_like(policy.coefs_[0])]
        policy.intercepts_ = [np.zeros_like(policy.intercepts_[0])]
    else:
        policy.fit(X, utility)
    return policy.set_params(loss="softmax", max_iter=200).fit(X, utility)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    starts = ("zero", "classification", "ridge (default)")
    print(f"{'lead':>5s} {'fixed':>8s} " + " ".join(f"{start:>16s}" for start in starts))
    for lead in (0.0, 0.5, 1.0, 1.5):
        regrets = []
        for seed in range(options.seeds):
            X, truth, utility = problem(seed, lead)
            train, test = slice(0, 2000), slice(2000, None)
            best = truth[test].max(axis=1).mean()
            policies = [fit_from(start, X[train], utility[train]) for start in starts]
            values = [policy.score(X[test], truth[test]) for policy in policies]
            regrets.append([best - truth[test, 0].mean(), *(best - value for value in values)])
        fixed, *means = np.mean(regrets, axis=0)
        print(f"{lead:5.1f} {fixed:8.4f} " + " ".join(f"{mean:16.4f}" for mean in means))


if __name__ == "__main__":
    main()
