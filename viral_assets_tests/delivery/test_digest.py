"""The page a person replies from: what is on it, and what cannot get onto it."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.context import DELETED, MISSING, PROTECTED, Context, Post, PostState
from viral_assets.delivery.digest import CARDS, render_digest, write_digest
from viral_assets.errors import ConfigurationError
from viral_assets.queries.digest import WindowFacts
from viral_assets.queries.opportunity_view import Contact, OpportunityView
from viral_assets.text.cleaning import text_for_display
from viral_assets.text.display import folded, one_line
from viral_assets_tests.delivery.examples import GENERATED, HOUR, TYPES, WINDOW, opportunity, suggestion
from viral_assets_tests.delivery.page import Page

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)><a href='",
    "' onmouseover='alert(1)' x='",
    "</style></title></head><body onload=alert(1)>",
    "<!-- <![CDATA[ ]]> --><?php ?>",
    "{{ 7 * 7 }}{% raw %}{# #}",
    "&lt;b&gt; &amp;amp; &#x3c;",
    "\u202e\u2066right to left\u2067",
    "Z" + "\u0301\u0322\u0353" * 4000 + " tall",
    "javascript:alert(1)",
    "\0\x1b\x08<b>\ufeff",
    '=HYPERLINK("https://evil.example","click")',
]


def render(rows: list[OpportunityView], **changes: Any) -> str:
    given_: dict[str, Any] = {"title": "Worth a reply", "window": WINDOW, "generated_at": GENERATED}
    return render_digest(rows, **{**given_, **changes})


def contact(text: str = "The third day was quiet here too.", **changes: Any) -> Contact:
    told = Contact(tweet_id="9", text=text, status="posted", decided_at=datetime(2026, 11, 3, 9, 30, tzinfo=UTC))
    return replace(told, **changes)


def poisoned(text: str) -> OpportunityView:
    """An opportunity with the same text wherever a stranger could put one."""
    return opportunity(
        text=text,
        author_name=text,
        author_handle=f"!{text}",
        topic=text,
        why=text,
        outcome="filtered",
        reason=text,
        lang=text,
        project=text,
        tweet_id=text,
        suggestions=(suggestion(text, type_name=text, provider=text), suggestion(text)),
    )


# --- what cannot get onto the page


@pytest.mark.slow
@given(st.text(max_size=280).filter(lambda text: bool(text_for_display(text))))
def test_no_text_makes_a_tag_or_an_attribute(text: str) -> None:
    rest = folded(text_for_display(text))[1]
    harmless = poisoned("x" if not rest else "x\n" * 40)
    page = Page(render([poisoned(text)], title=text, project=text, project_titles={text: text}))
    plain = Page(render([replace(harmless, lang=None)], title="x", project="x"))

    def without_language(page: Page) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(name for name in names if name != "lang")) for tag, names in page.structure]

    assert without_language(page) == without_language(plain)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_shown_as_text(text: str) -> None:
    html = render([poisoned(text)], title=text)
    page = Page(html)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img", "iframe", "object", "link", "base", "form"})
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]
    assert page.texts("text") == [text_for_display(text)]
    assert page.texts("reply") == [text_for_display(text)] * 2
    assert page.texts("h1") == [one_line(text)]
    assert not page.stray.strip()


@given(st.text(min_size=1, max_size=300))
def test_what_is_read_is_what_was_written(text: str) -> None:
    page = Page(render([opportunity(text=text, suggestions=())]))
    shown, rest = folded(text_for_display(text))
    expected = f"{shown} …Show the rest{rest}" if rest else shown or "(nothing to see)"
    assert page.texts("text") == [expected]


@pytest.mark.slow
@given(st.text(max_size=60), st.text(max_size=60))
def test_every_link_leads_to_x_or_down_the_page(handle: str, tweet_id: str) -> None:
    row = opportunity(author_handle=handle, tweet_id=tweet_id)
    page = Page(render([row, replace(row, project="other")]))
    for tag, attributes in page.tags:
        if "href" in attributes:
            assert tag == "a"
            href = attributes["href"] or ""
            assert href.startswith("#") or urlsplit(href).netloc == "x.com"
            assert href.startswith(("#", "https://x.com/"))
            if not href.startswith("#"):
                assert attributes["rel"] == "noopener noreferrer"


def test_the_policy_allows_the_style_of_the_page_and_nothing_else() -> None:
    html = render([opportunity()])
    style = html.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(a["content"] for tag, a in Page(html).tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert html.index("Content-Security-Policy") < html.index("<style>") < html.index("<body>")


def test_the_page_fetches_nothing() -> None:
    page = Page(html := render([opportunity()]))
    assert not page.attributes("src")
    assert "@import" not in html
    assert "url(" not in html


# --- what is on it


def test_a_card_tells_everything_a_reply_needs() -> None:
    html = render([opportunity()])
    page = Page(html)
    words = one_line(" ".join(page.texts("card")))
    for part in (
        "Mara Lindqvist",
        "@mara_writes",
        "48K followers",
        "21 Nov, 20:14",
        "1.2K likes",
        "187 replies",
        "110 reposts",
        "182K views",
        "Green",
        "Kids and phones",
        "asks a question",
        "Score 78 of 100",
        "Velocity 81",
        "Relevance 84",
        "Openness 90",
        "Author 50",
    ):
        assert part in words, part
    assert page.attributes("datetime") == ["2026-11-21T20:14:09Z", "2026-11-21T21:04:00Z"]


def test_line_breaks_of_a_tweet_are_kept() -> None:
    assert Page(render([opportunity(text="one\r\n\r\ntwo\nthree")])).texts("text") == ["one\n\ntwo\nthree"]


def test_suggestions_come_in_rank_order_with_type_length_and_a_composer_link_of_the_very_text() -> None:
    texts = ["First & best: 100 %", "Zweitens – größer?\nAnd a second line", "三つ目"]
    row = opportunity(
        suggestions=tuple(
            suggestion(text, type_name=kind, weighted_length=length)
            for text, kind, length in zip(texts, TYPES, (19, 280, 281), strict=True)
        )
    )
    page = Page(render([row]))
    assert page.texts("reply") == texts
    assert [one_line(label) for label in page.texts("label")] == [
        "Add value length 19/280",
        "Ask question length 280/280",
        "Mirror reframe length 281/280",
    ]
    assert [one_line(length) for length in page.texts("over")] == ["length 281/280"]
    links = [urlsplit(href) for href in page.attributes("href") if "/intent/post" in href]
    assert [parse_qs(link.query) for link in links] == [
        {"in_reply_to": [row.tweet_id], "text": [text]} for text in texts
    ]


def test_links_have_names_of_their_own() -> None:
    page = Page(render([opportunity(), opportunity(rank=2, tweet_id="2", author_handle="drokafor")]))
    names = [one_line(name) for name in page.texts("button")]
    assert names[0] == "Open in X: reply 1, Add value, to @mara_writes"
    assert len(set(names)) == len(names) == 4


@pytest.mark.parametrize(
    ("outcome", "heading"),
    [
        (None, "No suggestions yet."),
        ("filtered", "Left out by the quality filter."),
        ("blocked", "Withheld by the safety filter."),
        ("failed", "Could not be written."),
        ("deferred", "Waiting for quota."),
    ],
)
def test_an_opportunity_without_suggestions_says_why_and_can_still_be_answered(
    outcome: str | None, heading: str
) -> None:
    page = Page(render([opportunity(suggestions=(), outcome=outcome, reason="the exact reason")]))
    assert heading in page.texts("outcome")[0]
    assert "the exact reason" in page.texts("outcome")[0]
    assert f"https://x.com/intent/post?in_reply_to={opportunity().tweet_id}" in page.attributes("href")
    assert "1 without a suggestion" in " ".join(page.texts("spread")).replace("\n", " ")


def test_a_tweet_with_some_types_left_out_says_so_below_what_is_there() -> None:
    page = Page(render([opportunity(outcome="filtered", reason="mirror_reframe: repeats the tweet")]))
    assert len(page.texts("reply")) == 2
    assert "mirror_reframe: repeats the tweet" in page.texts("outcome")[0]


def test_an_export_does_not_hide_what_a_person_had_approved() -> None:
    seen = suggestion("a", status="exported", decided_at=HOUR)
    unseen = suggestion("b", type_name="funny", status="exported")
    page = Page(render([opportunity(suggestions=(seen, unseen))]))
    assert page.texts("status") == ["approved, exported", "exported"]
    assert len(page.texts("button")) == 2


def test_a_rejected_suggestion_cannot_be_opened_and_a_posted_one_closes_the_tweet() -> None:
    pending, rejected = suggestion("a"), suggestion("b", type_name="funny", status="rejected")
    posted = suggestion("c", type_name="relate", status="posted")
    assert len(Page(render([opportunity(suggestions=(pending, rejected))])).texts("button")) == 1
    page = Page(render([opportunity(suggestions=(posted, pending))]))
    assert not page.texts("button")
    assert page.texts("status") == ["posted"]


def test_the_header_counts_what_is_below() -> None:
    rows = [
        opportunity(),
        opportunity(rank=2, tweet_id="2", label="yellow"),
        opportunity(rank=3, tweet_id="3", label="yellow", suggestions=(), outcome="failed"),
    ]
    page = Page(render(rows, facts=WindowFacts(18_204, 0.00213), project="unplugged"))
    facts = one_line(" ".join(page.texts("facts")))
    assert facts == "tweets read 18,204 worth a reply 3 suggestions 4 cost $0.0021"
    assert one_line(" ".join(page.texts("spread"))) == "1 green 2 yellow 1 without a suggestion"
    assert page.texts("range") == ["Sat 21 Nov 2026, 20:00–21:00 UTC"]
    assert page.texts("eyebrow") == ["unplugged · Reply digest"]


def test_an_unknown_cost_is_not_a_cost_of_nothing() -> None:
    assert "cost" not in " ".join(Page(render([opportunity()], facts=WindowFacts(5, None))).texts("facts"))


def test_projects_have_sections_and_a_way_to_them() -> None:
    rows = [opportunity(project="b"), opportunity(project="a", tweet_id="2")]
    page = Page(render(rows, project_titles={"b": "Bees <3"}))
    assert [one_line(text) for text in page.texts("h2")] == ["Bees <3", "a"]
    assert {"#p1", "#p2"} <= set(page.attributes("href"))
    assert {"p1", "p2"} <= set(page.attributes("id"))


@pytest.mark.parametrize("rows", [[], [opportunity()]], ids=["nothing chosen", "one chosen"])
def test_it_says_why_the_others_were_left_out(rows: list[OpportunityView]) -> None:
    left_out = {"did not pass the gate": 1_300, "below a minimum of followers, likes or views": 8}
    page = Page(render(rows, facts=WindowFacts(1_309, None, left_out)))
    said = "Left out: 1,300 did not pass the gate; 8 below a minimum of followers, likes or views."
    assert page.texts("left-out") == [said]
    assert not Page(render(rows, facts=WindowFacts(1_309, None))).texts("left-out")


def test_one_project_needs_no_navigation() -> None:
    assert "nav" not in {tag for tag, _ in Page(render([opportunity()])).tags}


def test_offline_drafts_are_called_what_they_are() -> None:
    written, offline = suggestion("a"), suggestion("b", provider="offline", type_name="funny")
    assert not Page(render([opportunity(suggestions=(written,))])).texts("banner")
    page = Page(render([opportunity(suggestions=(offline,))], facts=WindowFacts(9, 0.0)))
    assert "Offline drafts – no language model wrote these." in page.texts("banner")[0]
    assert "cost" not in " ".join(page.texts("facts"))
    page = Page(render([opportunity(suggestions=(written, offline))]))
    assert "Some are offline drafts" in page.texts("banner")[0]
    assert page.texts("status") == ["offline draft"]


def test_recorded_drafts_are_called_recorded() -> None:
    written = suggestion("a")
    recorded = suggestion("b", provider="offline", model="recorded sample", type_name="funny")
    page = Page(render([opportunity(suggestions=(recorded,))]))
    assert "Recorded drafts – written beforehand for the bundled sample" in page.texts("banner")[0]
    page = Page(render([opportunity(suggestions=(written, recorded))]))
    assert "Some are recorded drafts" in page.texts("banner")[0]
    assert page.texts("status") == ["recorded draft"]
    offline = suggestion("c", provider="offline")
    page = Page(render([opportunity(suggestions=(offline, recorded))]))
    assert "Offline drafts – no language model wrote these." in page.texts("banner")[0]
    assert page.texts("status") == ["recorded draft"]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (WindowFacts(412, None), "412 tweets came in"),
        (WindowFacts(0, 0.0), "No tweets came in for this hour"),
        (None, "No tweet of this hour was chosen"),
    ],
)
def test_an_empty_window_is_a_page_that_says_so(facts: WindowFacts | None, said: str) -> None:
    page = Page(render([], facts=facts))
    assert said in page.texts("empty")[0]
    assert not page.texts("card")


def test_unknown_counts_are_said_to_be_unknown_rather_than_zero() -> None:
    page = Page(render([opportunity(likes=None, retweets=None, views=None, author_followers=None, velocity=None)]))
    assert "followers unknown" in page.texts("by")[0]
    assert " ".join(page.texts("counts")[0].split()) == "187 replies likes, reposts, views unknown"
    assert "Velocity" not in page.texts("card")[0]


def test_reposts_are_known_without_the_quotes() -> None:
    assert "96 reposts" in Page(render([opportunity(quotes=None)])).texts("counts")[0]


@pytest.mark.parametrize(
    ("code", "language"),
    [("en", "en"), ("iw", "he"), ("in", "id"), ("zh-CN", "zh-CN"), ("und", None), ("qme", None), (None, None)],
)
def test_a_tweet_is_marked_with_its_language_and_direction(code: str | None, language: str | None) -> None:
    page = Page(render([opportunity(lang=code)]))
    tweet = next(attributes for _, attributes in page.tags if attributes.get("class") == "text")
    assert tweet.get("lang") == language
    assert tweet["dir"] == "auto"


def test_the_page_has_landmarks_and_one_main_heading() -> None:
    page = Page(render([opportunity()]))
    tags = [tag for tag, _ in page.tags]
    assert [tags.count(tag) for tag in ("h1", "main", "footer", "article")] == [1, 1, 1, 1]
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert set(page.attributes("aria-labelledby")) <= set(ids)


def test_the_same_rows_give_the_same_page() -> None:
    assert render([opportunity()]) == render([opportunity()])


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *(("ink", ground) for ground in ("paper", "card", "inset", "note")),
        *(("soft", ground) for ground in ("paper", "card", "inset")),
        *(("accent", ground) for ground in ("card", "inset")),
        ("accent-ink", "accent"),
        *((label, f"{label}-tint") for label in ("green", "yellow", "red")),
        ("red", "inset"),
    ],
)
def test_every_text_stands_out_enough_to_be_read(scheme: int, ink: str, ground: str) -> None:
    style = (files("viral_assets.delivery") / "templates" / "digest.css").read_text()
    palette = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", style.split(":root {")[1 + scheme].split("}")[0]))
    lighter, darker = sorted((_luminance(palette[ink]), _luminance(palette[ground])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


# --- files


def write(path: Path, rows: list[OpportunityView]) -> None:
    write_digest(path, rows, title="Digest", window=WINDOW, generated_at=GENERATED)


def test_a_digest_is_a_page_and_a_csv_of_the_same_name(tmp_path: Path) -> None:
    written = write_digest(
        tmp_path / "new folder" / "2026-11-21-20.html",
        [opportunity()],
        title="Digest",
        window=WINDOW,
        generated_at=datetime(2026, 11, 21, 21, tzinfo=UTC),
    )
    assert written.csv == tmp_path / "new folder" / "2026-11-21-20.csv"
    assert Page(written.html.read_text(encoding="utf-8")).texts("h1") == ["Digest"]
    assert len(pd.read_csv(written.csv)) == 1
    assert sorted(path.name for path in written.html.parent.iterdir()) == [written.csv.name, written.html.name]


def test_a_page_shows_the_best_of_a_crowd_and_the_table_has_all(tmp_path: Path) -> None:
    crowd = [opportunity(rank=rank, tweet_id=str(rank)) for rank in range(1, CARDS + 1_235)]
    few = [opportunity(rank=1, project="other")]
    written = write_digest(
        tmp_path / "a day.html", [*crowd, *few], title="Digest", window=WINDOW, generated_at=GENERATED
    )
    text = written.html.read_text(encoding="utf-8")
    page = Page(text)
    assert text.count("<article") == CARDS + 1
    assert f"The best {CARDS} are shown. The other 1,234" in text
    assert "a%20day.csv" in [attributes.get("href") for tag, attributes in page.tags if tag == "a"]
    assert f"{len(crowd) + len(few):,}" in page.texts("dd")
    assert len(pd.read_csv(written.csv)) == len(crowd) + len(few)


def test_a_digest_that_fails_leaves_the_old_one_and_no_rubbish(tmp_path: Path) -> None:
    page = tmp_path / "digest.html"
    write(page, [opportunity()])
    before = page.read_bytes()
    with pytest.raises(AttributeError):
        write(page, [None])  # type: ignore[list-item]
    assert page.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_a_path_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.html").mkdir()
    for path in (tmp_path / "file" / "digest.html", tmp_path / "folder.html"):
        with pytest.raises(ConfigurationError, match="cannot be written") as caught:
            write(path, [])
        assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.html"]


def test_what_the_author_was_told_before_stands_beside_the_tweet() -> None:
    assert 'class="around"' not in render([opportunity()])
    html = render([opportunity(contacts=(contact(), contact(tweet_id="8"), contact(tweet_id="7")))])
    (shown,) = Page(html).texts("contact")
    assert " ".join(shown.split()) == "You replied to @mara_writes on 3 Nov: The third day was quiet here too."
    (more,) = Page(html).texts("earlier")
    assert more.split("\n")[0].strip() == "and 2 more in the last weeks"
    assert more.count("posted on 3 Nov: The third day was quiet here too.") == 2


def test_what_a_tweet_stands_in_is_beside_it() -> None:
    quoted = Post("8", "ben", "No phones at dinner. " * 40, ("A table & chairs",))
    own = Post("7", "mara_writes", "First part", same_author=True)
    page = Page(render([opportunity(context=Context(own, quoted, ("A hallway",)))]))
    answered, quoting = (" ".join(text.split()) for text in page.texts("referred"))
    assert answered == "Replies to their own post: First part"
    assert quoting.startswith("Quotes @ben: No phones at dinner.")
    assert quoting.endswith("… Picture: A table & chairs")
    assert len(quoting) < 500
    assert page.texts("picture")[-1].strip() == "Picture: A hallway"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (MISSING, "Replies to a post that is not in the file."),
        (DELETED, "Replies to a post that was deleted."),
        (PROTECTED, "Replies to a post of a protected account."),
    ],
)
def test_what_is_not_known_of_it_is_said(state: PostState, words: str) -> None:
    (shown,) = Page(render([opportunity(context=Context(Post(None, state=state)))])).texts("referred")
    assert shown.strip() == words


def test_what_was_only_approved_is_called_that_and_an_author_without_a_handle_is_this_author() -> None:
    html = render([opportunity(author_handle="", contacts=(contact(status="edited"),))])
    (shown,) = Page(html).texts("contact")
    assert shown.startswith("You approved a reply to this author on 3 Nov: ")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_gets_onto_the_page_by_what_was_said(text: str) -> None:
    def around(words: str) -> list[OpportunityView]:
        post = Post("8", words, words, (words,))
        return [opportunity(contacts=(contact(words),) * 2, context=Context(post, post, (words,)))]

    assert Page(render(around(text))).tags == Page(render(around("not a handle"))).tags
