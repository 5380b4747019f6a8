"""Wild cluster restricted bootstrap of one coefficient, and its confidence set by test inversion.

After Cameron, Gelbach and Miller (2008) with the null imposed, in the fast form of Roodman, Nielsen,
MacKinnon and Webb (2019): a replicate needs only one number a cluster, so all replicates and all
hypothesised values share a few matrices of size clusters x clusters.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from engine.regression import Design, DesignError, Floats

MAX_ENUMERATED_CLUSTERS = 12
TIES = 1e-9
MAX_DOUBLINGS = 40
BISECTIONS = 60


@dataclass(frozen=True)
class WildCluster:
    """What every replicate of a test on one coefficient shares.

    The restricted residuals under beta = b are u(b) = u_y - b u_x, so score sums and their images under the
    annihilator are linear in b too. `weights` is (replicates, clusters).
    """

    coef: float
    se: float
    clusters: int
    weights: Floats
    scores: tuple[Floats, Floats]
    images: tuple[Floats, Floats]

    def p_value(self, value: float = 0.0) -> float:
        """Symmetric p-value of beta = value.

        Ties count as exceeding, so that with all sign patterns (the observed one among them) the test is never
        more liberal than its level.
        """
        observed = abs(self.coef - value)
        scores = self.scores[0] - value * self.scores[1]
        images = self.images[0] - value * self.images[1]
        numerator = np.abs(self.weights @ scores)
        spread = np.sqrt(((self.weights @ images.T) ** 2).sum(axis=1))
        actual = abs(scores.sum()), np.sqrt((images.sum(axis=1) ** 2).sum())
        if observed == 0 or actual[1] == 0:
            return 1.0
        return float(np.mean(numerator * actual[1] >= actual[0] * spread * (1 - TIES)))

    def confidence_set(self, level: float = 0.95) -> tuple[float | None, float | None]:
        """Ends of the set of values not rejected at 1 - level around the estimate; None where it has no end."""
        alpha = 1 - level
        return self._end(-1.0, alpha), self._end(1.0, alpha)

    def _end(self, side: float, alpha: float) -> float | None:
        inside, step = 0.0, self.se
        for _ in range(MAX_DOUBLINGS):
            if self.p_value(self.coef + side * (inside + step)) <= alpha:
                return self.coef + side * self._bisect(inside, inside + step, side, alpha)
            inside, step = inside + step, step * 1.5
        return None

    def _bisect(self, inside: float, outside: float, side: float, alpha: float) -> float:
        for _ in range(BISECTIONS):
            middle = (inside + outside) / 2
            if self.p_value(self.coef + side * middle) <= alpha:
                outside = middle
            else:
                inside = middle
        return outside


def wild_cluster(d: Design, name: str, rng: np.random.Generator, replicates: int = 9_999) -> WildCluster:
    """Prepare the bootstrap for the coefficient `name` of a design with clusters.

    All Rademacher patterns when there are at most twelve clusters, else `replicates` draws of Webb's six-point
    weights. Raises `DesignError` when the design has fewer than two clusters.
    """
    if d.clusters is None or d.clusters.max() < 1:
        raise DesignError("A wild cluster bootstrap needs at least two clusters.")
    groups = int(d.clusters.max()) + 1
    j = d.names.index(name)
    others = _orthonormal(np.delete(d.x, j, axis=1))
    x, y = _residual(others, d.x[:, j]), _residual(others, d.y)
    full = np.column_stack([others, x / np.linalg.norm(x)])
    member = (d.clusters[:, None] == np.arange(groups)[None, :]).astype(np.float64)
    by_score = member.T @ (x[:, None] * full)
    scores, images = zip(*(_cluster_sums(u, x, full, member, by_score) for u in (y, x)), strict=True)
    coef = float(x @ y / (x @ x))
    residuals = y - coef * x
    n, k = d.x.shape
    factor = groups / (groups - 1) * (n - 1) / (n - k)
    se = float(np.sqrt(factor * ((member.T @ (x * residuals)) ** 2).sum())) / float(x @ x)
    return WildCluster(coef, se, groups, cluster_weights(groups, replicates, rng), scores, images)


def _orthonormal(x: Floats) -> Floats:
    return np.linalg.qr(x)[0]


def _residual(basis: Floats, v: Floats) -> Floats:
    return v - basis @ (basis.T @ v)


def _cluster_sums(u: Floats, x: Floats, full: Floats, member: Floats, by_score: Floats) -> tuple[Floats, Floats]:
    """Score sum of each cluster (G,), and the matrix (G, G) that maps weights to unrestricted score sums."""
    scores = member.T @ (x * u)
    projections = full.T @ (member * u[:, None])
    return scores, np.diag(scores) - by_score @ projections


def cluster_weights(groups: int, replicates: int, rng: np.random.Generator) -> Floats:
    """Weights (replicates, groups): every Rademacher pattern for at most twelve clusters, else draws of Webb's."""
    if groups <= MAX_ENUMERATED_CLUSTERS:
        return np.array(list(itertools.product((-1.0, 1.0), repeat=groups)))
    return webb(rng, (replicates, groups))


def webb(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Webb's (2023) six-point weights: +-sqrt(1/2), +-1, +-sqrt(3/2), each with probability 1/6."""
    points = np.sqrt(np.array([0.5, 1.0, 1.5]))
    return rng.choice(np.concatenate([-points, points]), size=shape)
