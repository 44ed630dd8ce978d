"""The words that VideoScore2 is asked with; its answers depend on every byte of them.

`card` is the query of the model card of TIGER-Lab/VideoScore2, `source` that of the authors' own
`vs2_inference.py`: the same words, indented. `{prompt}` is the only variable.
"""

CARD = """
You are an expert for evaluating AI-generated videos from three dimensions:
(1) visual quality – clarity, smoothness, artifacts;
(2) text-to-video alignment – fidelity to the prompt;
(3) physical/common-sense consistency – naturalness and physics plausibility.
Video prompt: {prompt}
Please output in this format:
visual quality: <v_score>;
text-to-video alignment: <t_score>,
physical/common-sense consistency: <p_score>
"""

SOURCE = (
    "\n"
    "    You are an expert for evaluating AI-generated videos from three dimensions:\n"
    "    (1) visual quality – clarity, smoothness, artifacts;\n"
    "    (2) text-to-video alignment – fidelity to the prompt;\n"
    "    (3) physical/common-sense consistency – naturalness and physics plausibility.\n"
    "\n"
    "    Video prompt: {prompt}\n"
    "\n"
    "    Please output in this format:\n"
    "    visual quality: <v_score>; \n"
    "    text-to-video alignment: <t_score>, \n"
    "    physical/common-sense consistency: <p_score>\n"
    "    "
)

QUERIES = {"card": CARD, "source": SOURCE}


def write_query(name: str, prompt: str) -> str:
    """The query `card` or `source` about this prompt, whatever characters it holds."""
    return QUERIES[name].replace("{prompt}", prompt)
