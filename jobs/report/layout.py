"""Names of everything the report writes."""

from dataclasses import dataclass

FOLDERS = {
    "figures": "artifacts/figures",
    "tables": "artifacts/tables",
    "logs": "artifacts/logs",
    "models": "artifacts/models",
}
PAPER_FIGURES = "academic_outputs/figures"
PAPER_TABLES = "academic_outputs/tables"
REPLICATION = "academic_outputs/replication"
VALIDATION = "academic_outputs/validation"
PACKAGE = f"{REPLICATION}/replication_package.zip"


@dataclass(frozen=True)
class Figure:
    """A picture: the stem of its files, its chart and the kind of run it is drawn from."""

    stem: str
    chart: str
    kind: str
    title: str
    of_paper: bool = True


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper: the stem of its files and the report's table it shows."""

    stem: str
    table: str
    title: str
    kind: str


FIGURES = (
    Figure("Figure_01_Scaling_Laws", "scaling_laws", "scaling", "Figure 1. Training compute and parameters"),
    Figure("Figure_02_Diffusion_Analysis", "survival", "diffusion", "Figure 2. Time until an open model catches up"),
    Figure("Figure_3_Compute_Scaling_by_Tier", "tiers", "scaling", "Figure 3. Compute and parameters by tier"),
    Figure("Figure_4_Survival_Function_AI_Innovation", "survival_by_tier", "diffusion", "Figure 4. Leads by tier"),
    Figure("Figure_5_NPV_Distributions_by_Tier", "npv_by_tier", "simulation", "Figure 5. Net present value by tier"),
    Figure("Figure_6_Welfare_Analysis_Policy_Intervention", "welfare", "welfare", "Figure 6. Welfare gain of policies"),
    Figure("survival_km", "survival", "diffusion", "Time until an open model catches up", False),
    Figure("cox_diagnostics", "hazards", "diffusion", "Hazard ratios", False),
    Figure("npv_hist", "npv_by_tier", "simulation", "Net present value by tier", False),
    Figure("tornado_sensitivity", "tornado", "npv", "What moves the mean net present value", False),
    Figure("export_controls", "controls", "export-controls", "Training compute by number of controls", False),
    Figure("efficiency_index", "index", "efficiency", "Efficiency index by year", False),
)
TABLES = (
    PaperTable("Table_01_Summary_Statistics", "summary_statistics", "Table 1. Summary statistics", "scaling"),
    PaperTable("Table_02_Parameter_Estimates", "parameter_estimates", "Table 2. Scaling laws", "scaling"),
    PaperTable(
        "scaling_table_parameters_vs_training_compute",
        "parameters_vs_compute",
        "Parameters and training compute",
        "scaling",
    ),
    PaperTable(
        "scaling_table_parameters_vs_training_cost", "parameters_vs_cost", "Parameters and training cost", "cost"
    ),
    PaperTable("Table_03_Diffusion", "diffusion", "Table 3. Months until an open model catches up", "diffusion"),
    PaperTable("Table_04_Hazard_Ratios", "hazards", "Table 4. Cox regressions", "diffusion"),
    PaperTable("Table_05_Investment", "investment", "Table 5. Net present value by tier", "npv"),
    PaperTable("Table_06_Policy", "policy", "Table 6. Policies at equal outlay", "welfare"),
    PaperTable("Table_07_Export_Controls", "controls_by_bin", "Table 7. Compute by controls", "export-controls"),
    PaperTable("Table_08_Association", "controls_association", "Table 8. Compute on controls", "export-controls"),
    PaperTable("Table_09_Efficiency", "efficiency_elasticity", "Table 9. Efficiency and compute", "efficiency"),
    PaperTable("Table_10_Efficiency_Index", "efficiency_index", "Table 10. Efficiency index", "efficiency"),
)


def versioned(stem: str, preset: str, primary: str) -> str:
    """The primary version carries the plain name, the other one its own behind it."""
    return stem if preset == primary else f"{stem}_{preset}"
