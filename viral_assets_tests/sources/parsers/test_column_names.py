"""What columns are called."""

from __future__ import annotations

from typing import get_args

import pytest

from viral_assets.errors import ConfigurationError
from viral_assets.projects.model import ColumnField, Sources
from viral_assets.sources.parsers.column_names import COLUMNS, merge_names
from viral_assets.sources.parsers.layouts import layout


def test_a_project_may_map_every_column_there_is() -> None:
    assert {*get_args(ColumnField)} == {*COLUMNS} - {"references", "no_results", "parent_id"}


class TestNames:
    def test_the_table_that_apify_exports(self) -> None:
        names = ["author/userName", "author/followers", "author/isBlueVerified", "createdAt", "fullText", "id", "text"]
        names += [
            "likeCount",
            "viewCount",
            "isRetweet",
            "retweet/id",
            "quote/fullText",
            "author/createdAt",
            "noResults",
        ]
        found = layout(names)
        assert found.missing == []
        assert {field: [names[index] for index in where] for field, where in found.fields.items()} == {
            "tweet_id": ["id"],
            "text": ["fullText", "text"],
            "created_at": ["createdAt"],
            "author_handle": ["author/userName"],
            "author_followers": ["author/followers"],
            "author_verified": ["author/isBlueVerified"],
            "is_retweet": ["isRetweet"],
            "retweet_of": ["retweet/id"],
            "like_count": ["likeCount"],
            "view_count": ["viewCount"],
            "no_results": ["noResults"],
        }
        assert found.unused == ("quote/fullText", "author/createdAt")

    def test_names_of_ones_own_go_first_and_mean_nothing_else(self) -> None:
        mapped = {"text": ["Текст", "Snippet"], "like_count": ["Date"], "created_at": ["WANN"]}
        found = layout(["id", "text", "Snippet", "текст ", "date", "wann"], mapped)
        assert found.fields["text"] == (3, 2, 1)
        assert found.fields["like_count"] == (4,)
        assert found.fields["created_at"] == (5,)

    def test_two_projects_may_not_mean_two_things_by_one_name(self) -> None:
        assert merge_names({"a": {"text": ["Body"]}, "b": {"text": ["body", "Was"]}}) == {
            "text": ("Body", "body", "Was")
        }
        with pytest.raises(ConfigurationError, match="'Body' is text to project a and url to project b"):
            merge_names({"a": {"text": ["Body"]}, "b": {"url": ["Body"]}})

    def test_a_project_file_takes_one_name_or_several(self) -> None:
        sources = Sources.model_validate({"columns": {"text": "Body", "url": ["Link", "Adresse"]}})
        assert sources.columns == {"text": ("Body",), "url": ("Link", "Adresse")}
        for wrong in ({"texts": "Body"}, {"text": "A", "url": "a"}, {"text": ""}, {"text": None}):
            with pytest.raises(ValueError, match="columns"):
                Sources.model_validate({"columns": wrong})


def test_the_names_of_the_fields_are_names_of_columns_too() -> None:
    assert layout(list(COLUMNS)).unused == ()
