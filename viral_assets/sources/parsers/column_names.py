"""Which column of a table means what, by its name: the names that people's exports have, and those a person adds.

Which columns of a table they are is found out in ``layouts``, how a row becomes a tweet in ``row_parser``. Where names
of services and programs are from:

- Bright Data: https://docs.brightdata.com/api-reference/scrapers/social-media-apis/twitter-posts-collect-by-url
- minet and gazouilloire: ``TWEET_FIELDS`` of https://github.com/medialab/twitwi
- RapidAPI's twitter154 and twitter-api45: their answers (``user_info``, ``favorites``, ``timeline``)
- Meltwater and Talkwalker: the header rows of their CSV exports, as public programs read them
- twitter-web-exporter: https://github.com/prinsss/twitter-web-exporter
- Sprout Social: its Post Performance report (``Post ID``, ``Network``, ``Link``, ``Post``)
- X analytics: the header row of ``account_analytics_content_*.csv``
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from viral_assets.errors import ConfigurationError

# Names are compared without case and anything but letters and digits: tweet_id, tweetId, "Tweet Id", author/userName.
# Where several are present, the first non-empty one counts (of texts, the longest).
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "tweet_id": ("tweetid", "idstr", "statusid", "postid", "tweetidstr", "twitterid", "id", "ids"),
    "url": (
        *("url", "tweeturl", "twitterurl", "link", "tweetlink", "permalink", "permanenturl", "posturl", "posturls"),
        *("linktotweet", "linktopost", "statusurl", "tweetpermalink", "xurl", "tweetwebsite"),
        "postlink",
    ),
    "text": (
        *("fulltext", "text", "tweettext", "content", "tweetcontent", "rawcontent", "renderedcontent", "tweet"),
        *("posttext", "postcontent", "posttexts", "body", "notetweettext", "extendedtweetfulltext", "message"),
        *("longobjectbody", "hitsentence", "openingtext"),
    ),
    "created_at": (
        *("createdat", "tweetcreatedat", "postedat", "publishedat", "createdatutc", "timestamp", "datetime"),
        *("createdtime", "created", "date", "tweetdate", "time", "postdate", "datepublished", "pubdate", "createdutc"),
        *("publishdate", "dateutc", "tweetcreated", "tweettime", "tweettimestamp", "postedtime", "dateposted"),
        *("creationdate", "timestamputc", "localtime", "published", "postedatutc", "publishedatutc", "utctime"),
    ),
    "collected_at": (
        *("collectedat", "retrievedat", "scrapedat", "fetchedat", "crawledat", "twarcretrievedat", "extractedat"),
        "collectiontime",
    ),
    "author_handle": (
        # A screen name is the handle; a user name is that to some and the displayed name to others.
        *("authorusername", "authorhandle", "authorscreenname", "userscreenname", "screenname", "userusername"),
        *("actorpreferredusername", "username", "handle", "userhandle", "twitterhandle", "fromuser", "fromusername"),
        *("extraauthorattributesshortname", "userposted", "userinfoscreenname", "influencer", "author", "user"),
        "senderscreenname",
    ),
    "author_id": (
        *("authorid", "userid", "useridstr", "authoridstr", "fromuserid", "fromuseridstr", "userinforestid"),
        "useruserid",
    ),
    "author_name": (
        *("authorname", "displayname", "userdisplayname", "authordisplayname", "name", "fullname", "actordisplayname"),
        *("fromuserrealname", "userinfoname", "extraauthorattributesname"),
    ),
    "author_followers": (
        *("authorfollowers", "followers", "followerscount", "followercount", "userfollowers", "userfollowerscount"),
        *("authorfollowerscount", "authorpublicmetricsfollowerscount", "userpublicmetricsfollowerscount"),
        *("actorfollowerscount", "fromuserfollowercount", "userfollowercount", "authorfollowercount"),
        *("twitterfollowers", "userinfofollowerscount", "sourceextendedattributestwitterfollowers"),
        *("senderfollowerscount", "relationshipcountsfollowers", "userrelationshipcountsfollowers"),
        "authorrelationshipcountsfollowers",
    ),
    "author_verified": (
        *("authorverified", "verified", "userverified", "authorisblueverified", "isblueverified", "userisblueverified"),
        *("authorisverified", "isverified", "userblue", "actorverified", "fromuserverified", "blue", "authorblue"),
        *("userinfoverified", "blueverified", "authorblueverified", "userblueverified", "userinfoisblueverified"),
    ),
    "lang": ("lang", "language", "tweetlang", "tweetlanguage", "twitterlang"),
    # The verb of an activity is "post" or "share".
    "is_retweet": ("isretweet", "isrt", "isrepost", "verb"),
    "is_reply": ("isreply",),
    # In words: Repost of Sprout, quote of Meltwater, share of Brandwatch, Retweet of Vicinitas.
    "post_kind": (
        *("postkind", "tweettype", "posttype", "threadentrytype", "engagementtype", "contenttype", "messagetype"),
        *("typeoftweet", "typeofpost", "type"),
    ),
    "retweet_of": (
        *("referencedtweetsretweetedid", "retweetedstatusid", "retweetedtweetid", "retweetid", "retweetof"),
        *("retweettweetid", "repostof", "retweetstatusid", "twitterretweetof", "retweetedid", "retweetedstatus"),
    ),
    "reply_to": (
        *("inreplytoid", "inreplytostatusid", "inreplytouserid", "inreplytotweetid", "replyto", "inreplyto"),
        *("inreplytostatusidstr", "referencedtweetsrepliedtoid", "inreplytolink", "replytostatusid", "replyid"),
        *("twitterreplyto", "totweetid", "touserid"),
    ),
    "quote_of": (
        *("referencedtweetsquotedid", "quotedstatusid", "quotedtweetid", "quoteid", "quoteof"),
        *("quotedtweettweetid", "quotedid", "quotedstatus", "quotedpostpostid", "quotedposturl"),
    ),
    # The tweet that this one answers or repeats; itself, where it does neither.
    "parent_id": ("parentpostdetailspostid", "parentid"),
    "is_quote": ("isquote", "isquotestatus", "isquotetweet"),
    "is_promoted": ("ispromoted", "promoted", "isad", "ispromotedtweet"),
    "references": ("referencedtweets", "references"),
    "like_count": (
        *("likecount", "favoritecount", "favouritecount", "likes", "favorites", "favoritescount", "likescount"),
        *("favourites", "publicmetricslikecount", "metricslikecount", "nlikes", "statslikes", "tweetnumberoflikes"),
        *("twitterlikes", "articleextendedattributestwitterlikes"),
    ),
    "reply_count": (
        *("replycount", "replies", "comments", "commentcount", "repliescount", "publicmetricsreplycount"),
        *("metricsreplycount", "nreplies", "statscomments", "tweetnumberofreviews", "twitterreplycount"),
        *("articleextendedattributestwitterreplies", "articleextendedattributesnumcomments"),
    ),
    "retweet_count": (
        *("retweetcount", "retweets", "repostcount", "reposts", "retweetscount", "shares", "publicmetricsretweetcount"),
        *("repostscount", "metricsretweetcount", "nretweets", "statsretweets", "tweetnumberofretweets"),
        *("twitterretweets", "articleextendedattributestwitterretweets"),
    ),
    "quote_count": (
        *("quotecount", "quotes", "publicmetricsquotecount", "metricsquotecount", "quotescount", "statsquotes"),
    ),
    "view_count": (
        *("viewcount", "views", "impressioncount", "impressions", "viewscount", "publicmetricsimpressioncount"),
        *("metricsimpressioncount", "articleextendedattributestwitterimpressions"),
    ),
    "bookmark_count": (
        *("bookmarkcount", "bookmarks", "bookmarkedcount", "publicmetricsbookmarkcount", "metricsbookmarkcount"),
    ),
    "conversation_id": ("conversationid", "conversationidstr", "threadid"),
    "no_results": ("noresults",),
}
TABLE = "table"
"""What files of rows and columns are called, whatever they are written in."""

IDENTITY, TIME = "the tweet's id", "its time"
NEEDED = {IDENTITY: ("tweet_id", "url"), "its text": ("text",), TIME: ("created_at",)}

# Columns whose cells may hold an object, as `DataFrame.to_csv` leaves them: the names inside count as columns.
OBJECT_COLUMNS = frozenset(
    {"publicmetrics", "metrics", "author", "user", "userinfo", "stats", "quotedpost", "parentpostdetails"}
)

FIELD_OF: Mapping[str, tuple[str, int]] = {
    name: (field, rank) for field, names in COLUMNS.items() for rank, name in enumerate(names)
}
"""Of each name as it is compared, the field and how good a name for it this is (0 is best)."""

_NOT_IN_NAMES = re.compile("[^a-z0-9]+")


def plain_name(column: str) -> str:
    """The name of a column as it is compared."""
    return _NOT_IN_NAMES.sub("", column.lower())


def merge_names(by_project: Mapping[str, Mapping[Any, Sequence[str]]]) -> dict[str, tuple[str, ...]]:
    """The names of columns of several projects as one, for files that are everybody's.

    Raises:
        ConfigurationError: one name means different things to two projects.
    """
    meaning: dict[str, tuple[str, str]] = {}
    names: dict[str, list[str]] = {}
    for project, mapped in by_project.items():
        for field, of in mapped.items():
            for name in of:
                other, theirs = meaning.setdefault(name.strip().casefold(), (project, field))
                if theirs != field:
                    raise ConfigurationError(
                        f"the column {name!r} is {theirs} to project {other} and {field} to project {project}; "
                        "say with --project whose file this is"
                    )
                if name not in names.setdefault(field, []):
                    names[field].append(name)
    return {field: tuple(of) for field, of in names.items()}
