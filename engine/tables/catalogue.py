"""What each bundled table is, where it comes from and under which terms."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """Title, licence, publisher, address and a note on one table; shown under every chart and export.

    `terms` says in full what is known of the licence; `selection` which rows the table has and `steps` what
    was done to them.
    """

    title: str
    licence: str
    source: str
    url: str
    note: str
    terms: str
    selection: str
    steps: tuple[str, ...]


_EPOCH = "Epoch AI"
_CC_BY = "CC BY 4.0"
_EPOCH_TERMS = (
    "Epoch AI publishes its data under the Creative Commons Attribution 4.0 International licence (CC BY 4.0): "
    "use, copy and change it freely, and name Epoch AI as the source."
)
_NUMBERS = (
    "Numbers are read from text, thousands commas removed; a cell that lists several sizes gives the largest. "
    "'unknown', 'N/A' and the like are empty."
)

CATALOGUE: dict[str, Entry] = {
    "models": Entry(
        "AI models",
        _CC_BY,
        _EPOCH,
        "https://epoch.ai/data/ai-models",
        "all models; compute, cost and power are Epoch's estimates",
        _EPOCH_TERMS,
        "Every row of the file that has a name and a publication date; of rows with exactly the same name, the first.",
        (
            "Names of models and organisations have runs of white space, line breaks among them, made one space.",
            "Countries have one spelling (United States, United Kingdom, South Korea, ...). Where a file lists every "
            "country, `countries` holds them, `country_first` is the first and `country` is the only one or "
            "'Multinational'; the October 2025 file holds the last two alone, so `countries` is empty.",
            "`organization_type` names the classes Academia, Industry, Government in this order, whatever the order "
            "and repetition in the file; other classes count only where they stand alone, as 'Other'.",
            "`domain_group` is the one group of the listed domains (Image generation and Video are Vision, Speech is "
            "Audio, 'Other' does not count) or 'Multimodal' for several; `primary_domain` is the first of Language, "
            "Biology (with Medicine), Vision (with Image generation, Video, 3D modeling), Audio (with Speech), "
            "Games/Robotics that is listed, else Other.",
            "`notable` is true where a notability criterion is given. `era` parts at 2010. `access` is open for the "
            "'Open weights (...)' values, closed for API, hosted and unreleased, else unknown.",
            "`release_date` is the earliest of the publication date and the known releases of the model's versions.",
            "Cloud vendors have one spelling (Amazon Web Services is AWS). Empty flags are false; empty confidence and "
            "accessibility are 'Unknown'.",
            _NUMBERS,
            "Left out: task, authors, reference, link, abstract, notes, training data names, date of last change.",
        ),
    ),
    "interventions": Entry(
        "Export controls on semiconductors",
        "Creative Commons terms of the publisher, version not established",
        "Global Trade Alert",
        "https://globaltradealert.org/threads/export-controls-on-semiconductors",
        "the extract starts in 2019",
        "Global Trade Alert (St. Gallen Endowment for Prosperity through Trade) publishes under Creative Commons "
        "terms. Which version could not be established: its terms page could not be read when these tables were "
        "made, and no copy of it was found. So only facts are kept here (numbers, dates, categories, countries), "
        "none of the publisher's text; ask the publisher before passing on more than that.",
        "All interventions of the thread's export, also the undated, the removed and those not in force.",
        (
            "Implementing and affected jurisdictions are lists of countries in one spelling (Republic of Korea is "
            "South Korea, Chinese Taipei is Taiwan); an empty list where none is given.",
            "Left out: addresses, the State Act's title, MAST chapter, sectors, products, the horizontal flag.",
        ),
    ),
    "publications": Entry(
        "Share of the world's AI publications",
        "OECD terms of 1 July 2024 (reuse with attribution, on the lines of CC BY 4.0)",
        "OECD.AI (OpenAlex)",
        "https://oecd.ai/en/data",
        "percent share of world AI publications, nine countries; not a count",
        "The OECD's terms and conditions, version of 1 July 2024, let data be copied, shared and adapted for any "
        "purpose with attribution; its default licence for content since then is CC BY 4.0. The export itself "
        "carries no licence tag, so no more can be said of this table. OpenAlex, on which it rests, is CC0.",
        "Rows of countries for all AI research, all works and all publication types; the EU27 aggregate is dropped.",
        ("Country labels have one spelling (China (People's Republic of) is China). Country codes are left out.",),
    ),
    "hardware": Entry(
        "Machine-learning hardware",
        _CC_BY,
        _EPOCH,
        "https://epoch.ai/data/machine-learning-hardware",
        "chips and boards; peak performance as stated by the makers",
        _EPOCH_TERMS,
        "Every row that has a name.",
        (
            _NUMBERS,
            "Left out: memory clock and bus, tensor cores, datasheet and price links, the list of models, date of last "
            "change.",
        ),
    ),
    "benchmark_scores": Entry(
        "Benchmark runs",
        _CC_BY,
        _EPOCH,
        "https://epoch.ai/benchmarks",
        "runs by Epoch itself; score and release date by model version",
        _EPOCH_TERMS,
        "Every run with a task, a model version and a known score from 0 to 1.",
        (
            "The score is the run's best over its scorers; the standard error is that of the scorer whose mean it is, "
            "joined through the run's id.",
            "A run's model and release date are those of the model version that lists the run, else of the first "
            "version of that id.",
            "Left out: run ids, logs, addresses, display names, notes.",
        ),
    ),
    "scaling": Entry(
        "Parameters, compute and cost",
        _CC_BY,
        _EPOCH,
        "https://epoch.ai/data/ai-models",
        "made from the models table, or a file of your own",
        _EPOCH_TERMS,
        "Every row of the models table.",
        ("`domain` is the primary domain; `architecture` stays empty, for Epoch records none.",),
    ),
    "diffusion_pairs": Entry(
        "The study's pairs of innovator and follower",
        _CC_BY,
        _EPOCH,
        "https://epoch.ai/data/ai-models",
        "a file of your own; no vintage holds it",
        "The study drew its pairs from Epoch AI's data, which is under CC BY 4.0.",
        "Every pair with both dates and a lag.",
        (),
    ),
}
