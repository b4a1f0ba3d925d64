// How X counts a post: most characters 1, others 2, an emoji 2, a link 23. The server counts the same and decides;
// this only tells while somebody types. Rules: https://docs.x.com/resources/fundamentals/counting-characters
"use strict";
window.reviewWeight = (() => {
  const LINK = 23;
  const LIGHT = [[0, 4351], [8192, 8205], [8208, 8223], [8242, 8247]];
  // Every country's ending and the usual others; what is missing here the server knows.
  const ENDINGS = "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw app art bar bio blog cafe club cloud com design dev digital edu email fun gov guru inc info ink int jobs life link live ltd media mil mobi name net network news one online org page plus pro pub run school shop site social space store studio team tech tips today tools top town travel video website wiki work world xyz zone".split(" ").join("|");
  // Latin and Cyrillic letters with their accents: the path of a link ends before others, as CJK.
  const SIGN = "['\\u2013\\w\\u00C0-\\u024F\\u0300-\\u036F\\u0400-\\u04FF\\-+*#%$&@~=|\\[\\]/?!.,;:]";
  const LAST = "[\\w\\u00C0-\\u024F\\u0300-\\u036F\\u0400-\\u04FF\\-+*#%$&@~=|\\[\\]/]";
  const INNER = `\\(${SIGN}*\\)`;
  const PATH = `(?:[/?](?:(?:${SIGN}|${INNER})*(?:${LAST}|${INNER}))?)?`;
  const LINKS = new RegExp(`(?<![\\w@.\\-$#])(?:https?:\\/\\/)?(?:[a-z0-9](?:[a-z0-9\\-]*[a-z0-9])?\\.)+(?:${ENDINGS})(?![a-z0-9@\\-]|\\.[a-z0-9])${PATH}`, "giu");
  let emoji;
  try {
    emoji = new RegExp("\\p{RGI_Emoji}|\\p{Extended_Pictographic}\\uFE0F?", "gv");
  } catch {
    emoji = /(?:\p{Regional_Indicator}{2}|[\d#*]\uFE0F?\u20E3|\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\uFE0F)?(?:\u200D\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\uFE0F)?)*)/gu;
  }
  const weigh = (text) => {
    let halves = 0;
    for (const character of text) {
      const code = character.codePointAt(0);
      halves += LIGHT.some(([low, high]) => code >= low && code <= high) ? 1 : 2;
    }
    return halves;
  };
  // As the server cleans a text before it counts: spaces in a row are one, and none at the ends of lines.
  const cleaned = (text) => text.normalize("NFC").split(/\r\n|\r|\n/).map((line) => line.replace(/\s+/g, " ").trim())
    .join("\n").replace(/\n{3,}/g, "\n\n").trim();
  return (typed) => {
    let links = 0;
    const rest = cleaned(typed).replace(LINKS, () => { links += 1; return ""; });
    let emojis = 0;
    const plain = rest.replace(emoji, (found) => {
      if (/^[\d#*]$/u.test(found)) return found;
      emojis += 1;
      return "";
    });
    return links * LINK + emojis * 2 + weigh(plain);
  };
})();
