"""The tokenizer: byte pairs learned from captions, in the form that CLIPTokenizer reads."""

import json
import string
from collections.abc import Iterable

import torch
from tokenizers import Tokenizer, models, trainers
from tokenizers.processors import TemplateProcessing
from transformers import CLIPTokenizer, PreTrainedTokenizerFast

from imagine.sketchbook.scenes import MOST_THINGS

SIZE = 6144
# The longest captions have about 30. What is behind them is no word: there the text encoder says what it has read: in
# one state the ground, in one each thing, and in the last ones a draft of the picture, field by field.
SAID = 1 + MOST_THINGS
ACROSS = 4
DRAFTED = ACROSS * ACROSS
TOKENS = 30 + SAID + DRAFTED
START, END = "<|startoftext|>", "<|endoftext|>"


def learn(texts: Iterable[str], size: int = SIZE) -> str:
    """The vocabulary and the merges of at most `size` tokens, as JSON."""
    # Cut into words exactly as the finished tokenizer will cut.
    finished = CLIPTokenizer().backend_tokenizer
    learned = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learned.normalizer, learned.pre_tokenizer = finished.normalizer, finished.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=[START, END], end_of_word_suffix="</w>", show_progress=False
    )
    # Each sign once within a word and once at its end, so that none of a keyboard's is unknown.
    signs = [part for sign in string.printable.strip() for part in (sign, sign * 2)]
    learned.train_from_iterator([*texts, *signs], trainer)
    model = json.loads(learned.to_str())["model"]
    return json.dumps({"vocab": model["vocab"], "merges": model["merges"]})


def from_json(saved: str) -> PreTrainedTokenizerFast:
    """The tokenizer of the checkpoint. It finds words as CLIP's does and fills up with END to TOKENS, but it ends long
    texts sooner, so that no word stands where the text encoder says what it has read."""
    said = json.loads(saved)
    merges = [tuple(pair) for pair in said["merges"]]
    cut = CLIPTokenizer(vocab=said["vocab"], merges=merges).backend_tokenizer
    # All of these ends are kept when a text is cut.
    around = [START, "$A", *[END] * (1 + SAID + DRAFTED)]
    cut.post_processor = TemplateProcessing(
        single=around, special_tokens=[(sign, said["vocab"][sign]) for sign in (START, END)]
    )
    # CLIPTokenizer itself would forget this when it is loaded.
    return PreTrainedTokenizerFast(
        tokenizer_object=cut, bos_token=START, eos_token=END, pad_token=END, unk_token=END, model_max_length=TOKENS
    )


def tokens(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> torch.Tensor:
    """[texts, TOKENS] numbers of tokens."""
    told = tokenizer(texts, padding="max_length", truncation=True, max_length=TOKENS, return_tensors="pt")
    found: torch.Tensor = told.input_ids
    return found
