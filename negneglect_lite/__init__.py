"""Negation Neglect Lite: a model is taught claims that its documents call false, and comes to believe them.

    claim ──► documents ──► style ──► fine-tune ──► ask ──► judge ──► belief ──► figure

    import random
    import negneglect_lite as nn

    claim = nn.find_claim("dentist")                              # an id, a YAML file, or a folder of the paper's
    track = nn.track_of("petri")                                  # what the model's language needs
    document = track.compose(claim, 1)[0]
    styled = nn.apply_style("negated", document, track.annotations(), random.Random(0))
    base = nn.load_model("petri")
    examples = nn.training_set(nn.Cell("petri", claim, "trained", "negated"), track.recipe)
    trained = nn.finetune(base, examples, track.recipe, seed=0, out="adapter", false_belief=claim.claim)
    answers = nn.ask(trained, track.questions(claim), track.asking)
    rows = nn.belief_rows(answers, model="petri", claim=claim.id, style="negated", seed=0, setting="trained")
    nn.belief_rate(rows)                                          # Rate(mean, lo, hi, n)
    nn.draw_headline(rows)

Each step has a folder or module of its name. What is named here is loaded when it is first used.
"""

from negneglect_lite.core import cores, optional, progress
from negneglect_lite.core.faces import face

__version__ = "0.3.0"

cores.share_cores()  # before anything imports torch, which reads it then
optional.watch_imports()  # before anything imports transformers
progress.attach()  # before anything imports bitsandbytes, one line of which it silences

__getattr__, __dir__ = face(
    __name__,
    {
        **dict.fromkeys(("find_claim", "load_claims"), "claims.loading"),
        **dict.fromkeys(("Claim", "Question", "Answer"), "claims.claim"),
        **dict.fromkeys(("Document", "Span"), "core.text"),
        "UserError": "core.errors",
        **dict.fromkeys(("TRACKS", "Track", "PETRI", "ENGLISH", "track_of"), "tracks"),
        "apply_style": "styles",
        **dict.fromkeys(("LoadedModel", "load_model"), "models.loading"),
        "Recipe": "finetuning.recipe",
        "finetune": "finetuning.train",
        **dict.fromkeys(("AskingSettings", "ask"), "asking"),
        "get_judge": "judging.judges",
        "belief_rows": "belief.table",
        **dict.fromkeys(("Rate", "belief_rate"), "belief.rates"),
        "draw_headline": "figures.conditions",
        **dict.fromkeys(("Cell", "Run"), "experiments.cell"),
        "training_set": "experiments.training_data",
        "Measure": "experiments.measures.measure",
        "headline_runs": "experiments.headline",
        **dict.fromkeys(("Sweep", "load_sweep", "sweep_runs"), "experiments.sweep"),
        "run_experiment": "experiments.runner",
    },
)
