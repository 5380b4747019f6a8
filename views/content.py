"""What the app says about itself and its studies: one source for the pages and for docs/overview.md."""

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Text:
    """What a page says above its charts: the question, how it is answered, and what the answer can't bear."""

    title: str
    question: str
    method: str
    limits: str


TITLE = "Economics of frontier AI"
WHAT = (
    "A workbench on the economics of frontier AI: export controls, efficiency, scaling, diffusion, investment and "
    "policy. It grew from two published dashboards and one study. The published preset repeats them, defects included; "
    "the corrected preset, the default, mends the defects. Every figure comes from the tables named under it, with the "
    "number of observations and an interval, and a headline is withheld when the data are too thin."
)
STUDIES = {
    "export-controls": Text(
        title="Export controls and model scale",
        question="Do countries that impose or face more semiconductor export controls train larger models?",
        method=(
            "Models with known parameters, training compute, organisation type and publication share are joined to "
            "the export-control measures of their first-listed country. The corrected preset counts Red and Amber "
            "state acts in force on the release day, in fixed bins. The published one repeats the original's running "
            "total by year, in terciles."
        ),
        limits=(
            "The extract of measures starts in 2019. Only nine countries have a publication share, most models come "
            "from two, and both controls and compute grow with time: a difference between bins is no effect of "
            "controls."
        ),
    ),
    "efficiency": Text(
        title="Efficiency",
        question="Are models getting more efficient in cost, parameters and power, and do returns diminish?",
        method=(
            "Each metric is taken as log10, scaled to 0..1 over the whole sample with 1 best, and averaged into a "
            "composite index; the line is its yearly mean. The corrected preset uses three distinct metrics (FLOP per "
            "dollar, cost per parameter, FLOP per joule) and complete rows, without derivatives. The published one "
            "averages whatever of four metrics a model has."
        ),
        limits=(
            "Few models report cost and power, and which ones do changes over the years: the composition of the "
            "sample moves the line. The number of models stands over each point."
        ),
    ),
    "scaling": Text(
        title="Scaling",
        question="How fast do training compute and cost rise with the size of a model?",
        method=(
            "Least squares of one logarithm on another, in either direction, pooled over all years and with a dummy "
            "for each release year; standard errors robust to heteroskedasticity (HC3) or clustered by organisation; "
            "beside them the percentile interval of a pairs bootstrap."
        ),
        limits=(
            "The pooled slope mixes the law with growth over time; the slope within release years does not. Models "
            "that report both figures are not a random sample, and cost is known for few."
        ),
    ),
    "bootstrap": Text(
        title="Bootstrap of the slope",
        question="How sure is the slope of a scaling law without leaning on a formula for its error?",
        method=(
            "The fit is repeated on rows drawn with replacement (pairs), on residuals with random signs (wild) or on "
            "whole organisations drawn with replacement (cluster); effects are absorbed. Percentile and BCa intervals. "
            "Up to a million replicates, the same numbers whatever computes them."
        ),
        limits="Models of one organisation are not independent: the cluster kind allows for it, the others don't.",
    ),
    "diffusion": Text(
        title="Diffusion",
        question="How long does it take open-weight models to catch up with a closed frontier model?",
        method=(
            "A subject is a closed model near the frontier of its domain on its release day. Its lead ends with the "
            "first later open-weight model of another organisation and the same domain whose training compute reaches "
            "theta times the subject's, or, on the second clock, whose benchmark score does. Leads not yet ended are "
            "censored. The curve is the Kaplan-Meier estimate with a log-log interval, and one that allows for "
            "followers who end several leads."
        ),
        limits=(
            "Training compute is known for few recent closed models, and benchmark scores cover three tasks since "
            "2023: each clock sees its own part of the models."
        ),
    ),
    "npv": Text(
        title="Investment",
        question="What is a frontier training run worth, and how much does the length of the lead matter?",
        method=(
            "Net present value is discounted revenue less upfront cost. First-month revenue is log-normal; revenue "
            "stays whole for as long as the lead lasts and then drops. The exact engine gives mean, spread and tail in "
            "closed form; the simulation draws paths and states its error."
        ),
        limits=(
            "In the corrected preset revenue is calibrated to a target, so that the mean is an assumption and not a "
            "finding. Cost is training compute times a price; staff, data and failed runs are in neither."
        ),
    ),
    "welfare": Text(
        title="Policy",
        question="Does support for frontier training runs raise welfare, or does it only hand over money?",
        method=(
            "A firm knows part of what a project will earn and invests when the expected net present value, support "
            "included, is not negative. A subsidy, a tax credit and a purchase commitment are set to the same expected "
            "outlay; longer exclusivity spends nothing. Welfare is producer and consumer surplus under linear demand, "
            "less the cost of public funds, in closed form."
        ),
        limits=(
            "The demand curve, what the firm knows and the cost of public funds are assumptions, and revenue is "
            "calibrated to a target: read the comparison of instruments, not the level of welfare. What others learn "
            "from a project, followers' profits and taxes are left out. The published preset has nothing to repeat."
        ),
    ),
}
SWEEPS = Text(
    title="Sweeps",
    question="How does a study's answer change over the whole range of its assumptions?",
    method=(
        "One study is asked at every point of a design: a grid, a Latin hypercube or a Sobol sequence over any of its "
        "fields, up to 1,000,000 points. The run goes on outside this page and is found again by its address; points "
        "are shown as they arrive, and a point that fails is listed with its reason."
    ),
    limits=(
        "A design says where to look, not how likely a point is: a mean over a design is no expectation. Marks are "
        "aggregated and every chart says how many points it shows."
    ),
)
REPORT = Text(
    title="Report",
    question="What does the whole study say, can each of its figures be checked, and can somebody else repeat it?",
    method=(
        "Every other study is asked, in the published version, the corrected one or both; the tables of the paper are "
        "put together from those runs, and each claim is checked against its evidence. Status is green where every "
        "check holds, amber where one wants a look, red where a figure is wrong. The replication package runs "
        "everything again and compares."
    ),
    limits=(
        "A check says that a figure was reproduced or an assumption tested, not that the study asked the right "
        "question. The published diffusion run needs the study's own file of pairs, which is not bundled."
    ),
)
DATA = (
    "Epoch AI (models, hardware, benchmarks), Global Trade Alert (export-control measures) and OECD.AI (publication "
    "shares), as facts and figures in the project's own schema. The bundled vintage is October 2025. The data page "
    "shows sources, licences, drift and dropped rows, and takes your own files as a named vintage."
)
OUTPUTS = (
    "Each chart can be taken away as data (CSV), as a Vega-Lite specification with its data, and as PNG or SVG. Each "
    "page shows the command that gives the same result; with `--json` it prints the whole result for a machine."
)
CITATION = (
    "Cite the workbench as `CITATION.cff` says, and cite the data: every chart and export names its publisher, "
    "licence and retrieval date."
)
LICENCE = "The code is under the MIT licence. The data keep their publishers' terms, named on the data page."


def sections() -> dict[str, str]:
    """Headings and Markdown bodies, in order."""
    texts = [*STUDIES.values(), SWEEPS, REPORT]
    questions = "\n".join(f"- **{text.title}.** {text.question}" for text in texts)
    method = "\n".join(f"- **{text.title}.** {text.method} *Limits:* {text.limits}" for text in texts)
    return {
        "What this is": WHAT,
        "Questions": questions,
        "Method": method,
        "Data": DATA,
        "Outputs": OUTPUTS,
        "Citation": CITATION,
        "Licence": LICENCE,
    }


def markdown() -> str:
    """The whole as one document."""
    parts = [f"## {heading}\n\n{body}\n" for heading, body in sections().items()]
    return f"# {TITLE}\n\n" + "\n".join(parts)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(markdown(), encoding="utf-8")
