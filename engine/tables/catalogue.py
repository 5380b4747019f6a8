"""What each bundled table is, where it comes from and under which terms."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """Title, publisher, licence, address and a note on one table; shown under every chart and export."""

    title: str
    licence: str
    source: str
    url: str
    note: str


_EPOCH = "Epoch AI"
_CC_BY = "CC BY 4.0"
CATALOGUE: dict[str, Entry] = {
    "models": Entry(
        "AI models", _CC_BY, _EPOCH, "https://epoch.ai/data", "all models; compute, cost and power are estimates"
    ),
    "interventions": Entry(
        "Export controls on semiconductors",
        "publisher's terms",
        "Global Trade Alert",
        "https://globaltradealert.org/threads/export-controls-on-semiconductors",
        "the extract starts in 2019",
    ),
    "publications": Entry(
        "Share of the world's AI publications",
        "publisher's terms",
        "OECD.AI (OpenAlex)",
        "https://oecd.ai/en/data",
        "percent share, nine countries",
    ),
    "hardware": Entry("Machine-learning hardware", _CC_BY, _EPOCH, "https://epoch.ai/data", "chips and boards"),
    "benchmark_scores": Entry(
        "Benchmark runs", _CC_BY, _EPOCH, "https://epoch.ai/benchmarks", "score and release date by model version"
    ),
}
