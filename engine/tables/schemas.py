"""The canonical tables: their columns, types, units and bounds (dataframely schemas)."""

from typing import Any

import dataframely as dy


def _text(description: str, nullable: bool = True) -> Any:
    return dy.String(nullable=nullable, description=description)


def _amount(unit: str, description: str = "") -> Any:
    return dy.Float64(nullable=True, min=0.0, metadata={"unit": unit}, description=description)


def _day(description: str, nullable: bool = True) -> Any:
    return dy.Date(nullable=nullable, description=description)


class Models(dy.Schema):
    """One row a model. Derived columns: country, primary_domain, domain_group, release_date, year, era, access."""

    model = dy.String(min_length=1)
    organization = _text("developers, comma-separated as listed")
    organization_type = _text("classes of the developers, order-independent")
    countries = dy.List(dy.String(), nullable=True, description="every listed country; null when only one was kept")
    country_first = _text("the first listed country")
    country = _text("the one country, or Multinational")
    domains = dy.List(dy.String(), nullable=False, description="listed domains")
    primary_domain = _text("METHODS 0", nullable=False)
    domain_group = _text("one group, or Multimodal")
    publication_date = _day("first publication", nullable=False)
    release_date = _day("earliest version release, else publication", nullable=False)
    year = dy.Int64(min=1900, max=2200, description="year of publication")
    era = dy.String(check=lambda era: era.is_in(["Deep learning era", "Pre deep learning era"]))
    parameters = _amount("parameters")
    training_compute_flop = _amount("FLOP")
    training_compute_low_flop = _amount("FLOP")
    training_compute_high_flop = _amount("FLOP")
    finetune_compute_flop = _amount("FLOP")
    dataset_size_gradients = _amount("datapoints")
    epochs = _amount("epochs")
    batch_size = _amount("datapoints")
    training_time_hours = _amount("h")
    training_chip_hours = _amount("chip h")
    hardware_quantity = _amount("chips")
    utilisation_mfu = _amount("share")
    utilisation_hfu = _amount("share")
    training_power_draw_w = _amount("W")
    cost_usd_2023 = _amount("2023 USD", "amortised")
    cost_cloud_usd = _amount("USD", "cloud rental")
    cost_upfront_usd = _amount("USD", "hardware bought")
    citations = _amount("citations")
    training_hardware = _text("chip names, comma-separated as listed")
    confidence = _text("Epoch's own tier", nullable=False)
    accessibility = _text("Epoch's own class", nullable=False)
    access = dy.String(check=lambda access: access.is_in(["open", "closed", "unknown"]))
    training_code_accessibility = _text("Epoch's own class")
    approach = _text("learning approach")
    compute_estimation_method = _text("how the compute was estimated")
    cloud_vendor = _text("cloud vendors, one spelling")
    base_model = _text("model this one was derived from")
    frontier = dy.Bool()
    foundation = dy.Bool()
    notable = dy.Bool(description="has a notability criterion")
    possibly_over_1e23_flop = dy.Bool()


class Interventions(dy.Schema):
    """One row an intervention of a State Act."""

    intervention_id = dy.Int64(unique=True)
    state_act_id = dy.Int64()
    evaluation = dy.String(check=lambda value: value.is_in(["Red", "Amber", "Green"]))
    intervention_type = dy.String()
    implementation_level = _text("National or Supranational")
    eligible_firm = _text("all or firm-specific")
    implementers = dy.List(dy.String(), nullable=False, min_length=1, description="implementing countries")
    affected = dy.List(dy.String(), nullable=False, description="affected countries; empty when none is listed")
    date_announced = _day("announcement")
    date_implemented = _day("entry into force")
    date_removed = _day("removal")
    in_force = dy.Bool()


class Publications(dy.Schema):
    """One row a country and year: the percent share of the world's AI publications."""

    country = dy.String(primary_key=True)
    year = dy.Int64(primary_key=True, min=1900, max=2200)
    publication_share_percent = dy.Float64(min=0.0, max=100.0, metadata={"unit": "%"})


class Hardware(dy.Schema):
    """One row a chip or board."""

    hardware = dy.String(primary_key=True, min_length=1)
    manufacturer = _text("maker")
    type = _text("GPU, TPU, ...")
    release_date = _day("release")
    release_price_usd = _amount("USD")
    fp64_flop_per_s = _amount("FLOP/s")
    fp32_flop_per_s = _amount("FLOP/s")
    fp16_flop_per_s = _amount("FLOP/s")
    tf32_flop_per_s = _amount("FLOP/s")
    tensor_fp16_flop_per_s = _amount("FLOP/s")
    int16_op_per_s = _amount("OP/s")
    int8_op_per_s = _amount("OP/s")
    int4_op_per_s = _amount("OP/s")
    memory_bytes = _amount("byte")
    memory_bandwidth_bytes_per_s = _amount("byte/s")
    intranode_bandwidth_bytes_per_s = _amount("byte/s")
    internode_bandwidth_bits_per_s = _amount("bit/s")
    die_size_mm2 = _amount("mm2")
    tdp_w = _amount("W")
    base_clock_mhz = _amount("MHz")
    boost_clock_mhz = _amount("MHz")
    process_size_nm = _amount("nm")
    transistors_millions = _amount("million")
    foundry = _text("foundry")


class BenchmarkScores(dy.Schema):
    """One row a benchmark run of one model version."""

    task = dy.String()
    model_version = dy.String()
    model = _text("name in the models table")
    version_release_date = _day("release of the version")
    organization = _text("developer")
    score = dy.Float64(min=0.0, max=1.0, metadata={"unit": "share"}, description="best score across scorers")
    score_stderr = _amount("share")
    run_date = _day("day of the run")


class Scaling(dy.Schema):
    """Parameters, compute and cost, one row a model, for the scaling laws."""

    model = _text("model")
    organization = _text("developers")
    organization_type = _text("classes of the developers")
    domain = _text("primary domain, or the file's own domain column")
    architecture = _text("only where the file has it; never invented")
    access = _text("open, closed or unknown")
    year = dy.Int64(nullable=True, min=1900, max=2200)
    publication_date = _day("publication")
    parameters = _amount("parameters")
    training_compute_flop = _amount("FLOP")
    cost_usd_2023 = _amount("2023 USD")


class DiffusionPairs(dy.Schema):
    """The study's own pairs: an innovation and a later follower."""

    innovator_date = _day("innovation", nullable=False)
    follower_date = _day("follower", nullable=False)
    innovator_organization = _text("innovator")
    follower_organization = _text("follower")
    lag_months = dy.Float64(metadata={"unit": "months"})


class ModelVersions(dy.Schema):
    """One row a released version of a model: an intermediate table, not a bundled one."""

    model_version = dy.String()
    model = _text("name in the models table")
    version_release_date = _day("release of the version")


SCHEMAS: dict[str, type[dy.Schema]] = {
    "models": Models,
    "interventions": Interventions,
    "publications": Publications,
    "hardware": Hardware,
    "benchmark_scores": BenchmarkScores,
    "scaling": Scaling,
    "diffusion_pairs": DiffusionPairs,
    "model_versions": ModelVersions,
}
