#!/usr/bin/env python3
"""Writes small text encoders and a tokenizer with what transformers computes with them, for DiffusionTests.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install torch transformers safetensors
    /tmp/peers/bin/python Tests/Peers/make_text_fixture.py Tests/DiffusionTests/Fixtures

`clip-quick` and `clip-exact` hold `config.json` and `model.safetensors` of a random CLIPTextModel (fp16; computed in
fp32 from the rounded weights) and `expected.safetensors`: "tokens", "output" (the last hidden state), "weight", and the
gradients "d.NAME" of L = sum(weight * output); and "pooled", the pooler's output for the tokens "ended". `tokenizer` has the vocabulary and merges of a few sentences, and
`encoded.json`, a list of texts with their tokens. Written with torch 2.15.0 and transformers 5.24.0.
"""
import argparse
import collections
import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

MODELS = {
    "clip-quick": dict(hidden_act="quick_gelu", num_attention_heads=2, hidden_size=8, num_hidden_layers=2),
    "clip-exact": dict(hidden_act="gelu", num_attention_heads=3, hidden_size=6, num_hidden_layers=1,
                       layer_norm_eps=1e-4),
}

SENTENCES = """
a red brick wall in front of a blue sky
several wooden planks and a white ceramic bowl
a photograph of the old brick house with red bricks, it's the owner's
""".split()

TEXTS = [
    "", "a", "A red BRICK wall", "wooden bricks, red brick!", "it's the owner's; we'll, they've, I'm, I'd, don't",
    "  much \t white\nspace  ", "2 walls at 10:30", "naïve café", "nai\u0308ve cafe\u0301", "Ünïcödé ΑΩ ж",
    "日本語のテスト", "a🧱b", "one--two ... three?!", "x" * 50, "brick " * 30, "<|start", "½ ² Ⅷ",
    "it 's", "''s'red", "İstanbul", "ﬁne", "a\u00a0b", "a\u200bb", "_under_score_",
]


def write_model(folder, options, generator):
    config = CLIPTextConfig(vocab_size=30, intermediate_size=12, max_position_embeddings=9, bos_token_id=0,
                            eos_token_id=29, pad_token_id=29, **options)
    model = CLIPTextModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
            else:
                fan = parameter[0].numel() if parameter.dim() > 1 and "embedding" not in name else 4
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / fan ** 0.5)
            parameter.copy_(parameter.half().float())
    tokens = torch.randint(0, 30, (2, 7), generator=generator)
    output = model(tokens).last_hidden_state
    weight = torch.randn(output.shape, generator=generator)
    (weight * output).sum().backward()
    expected = {"tokens": tokens.float(), "output": output, "weight": weight}
    expected |= {f"d.{name}": p.grad for name, p in model.named_parameters()}
    ended = torch.tensor([[0, 5, 7, 29, 29, 29, 29], [0, 3, 29, 4, 6, 29, 1]])
    expected |= {"ended": ended.float(), "pooled": model(ended).pooler_output}
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().contiguous() for k, v in expected.items()}, folder / "expected.safetensors")
    model.half().save_pretrained(folder)


def byte_characters():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}


def write_tokenizer(folder):
    characters = byte_characters()
    words = collections.Counter(
        tuple([characters[b] for b in word.encode()][:-1] + [characters[word.encode()[-1]] + "</w>"])
        for word in SENTENCES)
    merges = []
    while len(merges) < 60:
        pairs = collections.Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        merged = collections.Counter()
        for word, count in words.items():
            parts, i = [], 0
            while i < len(word):
                step = 2 if word[i:i + 2] == best else 1
                parts.append("".join(word[i:i + step]))
                i += step
            merged[tuple(parts)] += count
        words = merged
    alphabet = list(characters.values())
    tokens = alphabet + [c + "</w>" for c in alphabet] + ["".join(m) for m in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(" ".join(m) + "\n" for m in merges))
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "CLIPTokenizer", "model_max_length": 24, "pad_token": "<|endoftext|>",
         "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}))
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    encoded = [{"text": text, "tokens": tokenizer(
        text, padding="max_length", truncation=True, max_length=24).input_ids} for text in TEXTS]
    (folder / "encoded.json").write_text(json.dumps(encoded, ensure_ascii=False, indent=0) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fixtures", type=pathlib.Path)
    fixtures = parser.parse_args().fixtures
    torch.set_num_threads(1)
    for seed, (name, options) in enumerate(MODELS.items()):
        write_model(fixtures / name, options, torch.Generator().manual_seed(seed))
    write_tokenizer(fixtures / "tokenizer")


if __name__ == "__main__":
    main()
