"""Made-up tweets in the fifteen languages that the multilingual embedder knows: for each language three about each of
three topics, and three about none of them. The topics are described in English, as a project file would.
"""

from __future__ import annotations

TOPICS: dict[str, list[str]] = {
    "coffee": [
        "Coffee at home. Brewing good coffee: beans, grinders, espresso machines, pour-over",
        "Finally dialled in my espresso, 18 grams in, 36 out",
        "Which grinder would you buy for filter coffee under 200?",
        "Third cup of coffee today and it is not even noon",
        "Fresh beans from the roaster around the corner, the whole kitchen smells of it",
    ],
    "screen time": [
        "Screen time of children. How long children and teenagers are on phones and tablets, what parents do",
        "How do you limit your kids' screen time without a fight every evening?",
        "My daughter's phone says five hours of TikTok a day",
        "We took the tablets away for a week and the kids started to read",
        "Phones do not belong in a classroom",
    ],
    "cycling": [
        "Cycling to work. Commuting by bike: bike lanes, e-bikes, traffic, rain",
        "Rode my bike to the office in the rain, still better than the bus",
        "This city needs protected bike lanes, not paint",
        "My new e-bike replaced the car on my commute",
        "Another driver parked in the bike lane this morning",
    ],
}

NO_TOPIC = ""

TWEETS: dict[str, dict[str, list[str]]] = {
    "en": {
        "coffee": [
            "What beans do you use for your morning espresso?",
            "A good pour-over beats every coffee shop in town",
            "My coffee machine broke down and I am not a human being today",
        ],
        "screen time": [
            "My son is on his tablet for six hours a day, what can I do?",
            "Should children under ten have a smartphone at all?",
            "No phones at dinner: the best rule our family has",
        ],
        "cycling": [
            "Commuting by bike saves me an hour of traffic every day",
            "We need safer bike lanes in this city",
            "Is an e-bike worth it for ten kilometres to work?",
        ],
        NO_TOPIC: [
            "What a goal in the last minute, the stadium went mad",
            "Interest rates go up again and my shares are in the red",
            "The new film with the dragons is far too long",
        ],
    },
    "de": {
        "coffee": [
            "Welche Bohnen nehmt ihr für den Espresso am Morgen?",
            "Ein guter Filterkaffee schlägt jedes Café in der Stadt",
            "Meine Kaffeemaschine ist kaputt und ich bin heute kein Mensch",
        ],
        "screen time": [
            "Mein Sohn hängt sechs Stunden am Tag am Tablet, was kann ich tun?",
            "Sollten Kinder unter zehn überhaupt ein Smartphone haben?",
            "Keine Handys beim Abendessen: die beste Regel in unserer Familie",
        ],
        "cycling": [
            "Mit dem Rad zur Arbeit spare ich mir jeden Tag eine Stunde Stau",
            "Wir brauchen sicherere Radwege in dieser Stadt",
            "Lohnt sich ein E-Bike für zehn Kilometer zur Arbeit?",
        ],
        NO_TOPIC: [
            "Was für ein Tor in der letzten Minute, das Stadion ist ausgerastet",
            "Die Zinsen steigen wieder und meine Aktien sind im Minus",
            "Der neue Film mit den Drachen ist viel zu lang",
        ],
    },
    "es": {
        "coffee": [
            "¿Qué granos usáis para el espresso de la mañana?",
            "Un buen café de filtro gana a cualquier cafetería de la ciudad",
            "Se me ha roto la cafetera y hoy no soy persona",
        ],
        "screen time": [
            "Mi hijo pasa seis horas al día con la tableta, ¿qué puedo hacer?",
            "¿Deberían los niños menores de diez años tener un móvil?",
            "Sin móviles en la cena: la mejor regla de nuestra familia",
        ],
        "cycling": [
            "Ir al trabajo en bici me ahorra una hora de atasco cada día",
            "Necesitamos carriles bici más seguros en esta ciudad",
            "¿Merece la pena una bici eléctrica para diez kilómetros hasta el trabajo?",
        ],
        NO_TOPIC: [
            "Qué golazo en el último minuto, el estadio se volvió loco",
            "Suben otra vez los tipos de interés y mis acciones están en rojo",
            "La nueva película de dragones es demasiado larga",
        ],
    },
    "fr": {
        "coffee": [
            "Quels grains utilisez-vous pour l'espresso du matin ?",
            "Un bon café filtre vaut mieux que tous les cafés de la ville",
            "Ma machine à café est en panne et je ne suis bon à rien aujourd'hui",
        ],
        "screen time": [
            "Mon fils passe six heures par jour sur sa tablette, que faire ?",
            "Les enfants de moins de dix ans devraient-ils avoir un téléphone ?",
            "Pas de téléphone à table : la meilleure règle de notre famille",
        ],
        "cycling": [
            "Aller au travail à vélo m'épargne une heure de bouchons par jour",
            "Il nous faut des pistes cyclables plus sûres dans cette ville",
            "Un vélo électrique vaut-il le coup pour dix kilomètres jusqu'au bureau ?",
        ],
        NO_TOPIC: [
            "Quel but à la dernière minute, le stade est devenu fou",
            "Les taux d'intérêt remontent et mes actions sont dans le rouge",
            "Le nouveau film avec les dragons est beaucoup trop long",
        ],
    },
    "it": {
        "coffee": [
            "Che chicchi usate per l'espresso della mattina?",
            "Un buon caffè filtro batte tutti i bar della città",
            "Si è rotta la macchina del caffè e oggi non sono una persona",
        ],
        "screen time": [
            "Mio figlio sta sei ore al giorno sul tablet, che posso fare?",
            "I bambini sotto i dieci anni dovrebbero avere uno smartphone?",
            "Niente telefoni a cena: la regola migliore della nostra famiglia",
        ],
        "cycling": [
            "Andare al lavoro in bici mi risparmia un'ora di traffico ogni giorno",
            "Servono piste ciclabili più sicure in questa città",
            "Vale la pena una bici elettrica per dieci chilometri fino al lavoro?",
        ],
        NO_TOPIC: [
            "Che gol all'ultimo minuto, lo stadio è impazzito",
            "I tassi salgono di nuovo e le mie azioni sono in rosso",
            "Il nuovo film con i draghi è davvero troppo lungo",
        ],
    },
    "pt": {
        "coffee": [
            "Que grãos vocês usam no espresso da manhã?",
            "Um bom café coado ganha de qualquer cafeteria da cidade",
            "Minha cafeteira quebrou e hoje eu não sou gente",
        ],
        "screen time": [
            "Meu filho fica seis horas por dia no tablet, o que eu faço?",
            "Crianças com menos de dez anos deveriam ter celular?",
            "Sem celular no jantar: a melhor regra da nossa família",
        ],
        "cycling": [
            "Ir de bicicleta para o trabalho me poupa uma hora de trânsito por dia",
            "Precisamos de ciclovias mais seguras nesta cidade",
            "Vale a pena uma bicicleta elétrica para dez quilômetros até o trabalho?",
        ],
        NO_TOPIC: [
            "Que gol no último minuto, o estádio enlouqueceu",
            "Os juros subiram de novo e minhas ações estão no vermelho",
            "O novo filme dos dragões é comprido demais",
        ],
    },
    "nl": {
        "coffee": [
            "Welke bonen gebruiken jullie voor de espresso in de ochtend?",
            "Een goede filterkoffie wint het van elk café in de stad",
            "Mijn koffiemachine is stuk en ik ben vandaag geen mens",
        ],
        "screen time": [
            "Mijn zoon zit zes uur per dag op zijn tablet, wat kan ik doen?",
            "Zouden kinderen onder de tien wel een smartphone moeten hebben?",
            "Geen telefoons aan tafel: de beste regel in ons gezin",
        ],
        "cycling": [
            "Met de fiets naar het werk scheelt me elke dag een uur file",
            "We hebben veiligere fietspaden nodig in deze stad",
            "Is een e-bike de moeite waard voor tien kilometer naar het werk?",
        ],
        NO_TOPIC: [
            "Wat een doelpunt in de laatste minuut, het stadion ontplofte",
            "De rente stijgt weer en mijn aandelen staan in het rood",
            "De nieuwe film met de draken duurt veel te lang",
        ],
    },
    "pl": {
        "coffee": [
            "Jakich ziaren używacie do porannego espresso?",
            "Dobra kawa z przelewu jest lepsza niż każda kawiarnia w mieście",
            "Zepsuł mi się ekspres do kawy i dziś nie jestem człowiekiem",
        ],
        "screen time": [
            "Mój syn siedzi sześć godzin dziennie na tablecie, co robić?",
            "Czy dzieci poniżej dziesięciu lat powinny mieć smartfon?",
            "Żadnych telefonów przy kolacji: najlepsza zasada w naszej rodzinie",
        ],
        "cycling": [
            "Dojazd do pracy rowerem oszczędza mi codziennie godzinę w korkach",
            "Potrzebujemy bezpieczniejszych ścieżek rowerowych w tym mieście",
            "Czy rower elektryczny ma sens na dziesięć kilometrów do pracy?",
        ],
        NO_TOPIC: [
            "Co za gol w ostatniej minucie, stadion oszalał",
            "Stopy procentowe znowu rosną, a moje akcje są na minusie",
            "Nowy film ze smokami jest o wiele za długi",
        ],
    },
    "tr": {
        "coffee": [
            "Sabah espressosu için hangi çekirdekleri kullanıyorsunuz?",
            "İyi bir filtre kahve şehirdeki her kafeden iyidir",
            "Kahve makinem bozuldu, bugün insan değilim",
        ],
        "screen time": [
            "Oğlum günde altı saat tablet başında, ne yapabilirim?",
            "On yaşından küçük çocukların akıllı telefonu olmalı mı?",
            "Akşam yemeğinde telefon yok: ailemizin en iyi kuralı",
        ],
        "cycling": [
            "İşe bisikletle gitmek her gün bana bir saat trafik kazandırıyor",
            "Bu şehirde daha güvenli bisiklet yollarına ihtiyacımız var",
            "İşe on kilometre için elektrikli bisiklet almaya değer mi?",
        ],
        NO_TOPIC: [
            "Son dakikada ne goldü, stadyum çıldırdı",
            "Faizler yine artıyor ve hisselerim zararda",
            "Ejderhalı yeni film çok fazla uzun",
        ],
    },
    "ru": {
        "coffee": [
            "Какие зёрна вы берёте для утреннего эспрессо?",
            "Хороший фильтр-кофе лучше любой кофейни в городе",
            "Кофемашина сломалась, и сегодня я не человек",
        ],
        "screen time": [
            "Мой сын шесть часов в день сидит в планшете, что делать?",
            "Нужен ли вообще смартфон детям младше десяти лет?",
            "Никаких телефонов за ужином: лучшее правило нашей семьи",
        ],
        "cycling": [
            "На велосипеде на работу я каждый день экономлю час в пробках",
            "Нам нужны безопасные велодорожки в этом городе",
            "Стоит ли брать электровелосипед ради десяти километров до работы?",
        ],
        NO_TOPIC: [
            "Какой гол на последней минуте, стадион сошёл с ума",
            "Ставки опять растут, а мои акции в минусе",
            "Новый фильм про драконов слишком длинный",
        ],
    },
    "ja": {
        "coffee": [
            "朝のエスプレッソにはどの豆を使ってる？",
            "うまく淹れたハンドドリップは街のどのカフェのコーヒーよりおいしい",
            "コーヒーメーカーが壊れて今日は何もできない",
        ],
        "screen time": [
            "息子が一日六時間もタブレットを見ている、どうしたらいい？",
            "十歳未満の子どもにスマホは必要なのか",
            "夕食中はスマホ禁止、うちの家族で一番いいルール",
        ],
        "cycling": [
            "自転車通勤で毎日一時間の渋滞を避けられる",
            "この街にはもっと安全な自転車レーンが必要だ",
            "職場まで十キロ、電動自転車を買う価値はある？",
        ],
        NO_TOPIC: [
            "最後の一分でなんというゴール、スタジアムが沸いた",
            "また金利が上がって持ち株が赤字だ",
            "ドラゴンの新作映画は長すぎる",
        ],
    },
    "ko": {
        "coffee": [
            "아침 에스프레소에 어떤 원두 쓰세요?",
            "잘 내린 핸드드립 커피가 동네 어느 카페보다 낫다",
            "커피 머신이 고장 나서 오늘은 사람이 아니다",
        ],
        "screen time": [
            "아들이 하루에 여섯 시간씩 태블릿을 해요, 어떻게 하죠?",
            "열 살 아래 아이에게 스마트폰이 필요할까?",
            "저녁 식사 때 휴대폰 금지, 우리 가족 최고의 규칙",
        ],
        "cycling": [
            "자전거로 출근하면 매일 막히는 한 시간을 아낀다",
            "이 도시에는 더 안전한 자전거 도로가 필요하다",
            "회사까지 십 킬로미터, 전기 자전거 살 만할까?",
        ],
        NO_TOPIC: [
            "마지막 일 분에 저런 골이라니, 경기장이 난리 났다",
            "금리가 또 오르고 내 주식은 마이너스다",
            "용이 나오는 새 영화는 너무 길다",
        ],
    },
    "zh": {
        "coffee": [
            "你们早上的意式浓缩用什么咖啡豆？",
            "一杯好的手冲咖啡胜过城里所有的咖啡馆",
            "我的咖啡机坏了，今天整个人都不行",
        ],
        "screen time": [
            "我儿子每天玩六个小时平板，怎么办？",
            "十岁以下的孩子到底该不该有手机？",
            "晚饭时不许玩手机，我们家最好的规矩",
        ],
        "cycling": [
            "骑自行车上班每天让我少堵一小时",
            "这座城市需要更安全的自行车道",
            "上班十公里，买电动自行车值得吗？",
        ],
        NO_TOPIC: [
            "最后一分钟的进球太精彩了，全场沸腾",
            "利率又涨了，我的股票全是亏的",
            "那部有龙的新电影实在太长了",
        ],
    },
    "ar": {
        "coffee": [
            "ما نوع حبوب القهوة التي تستخدمونها لإسبريسو الصباح؟",
            "قهوة مقطرة جيدة في البيت أفضل من أي مقهى في المدينة",
            "تعطلت ماكينة القهوة ولست على ما يرام اليوم",
        ],
        "screen time": [
            "ابني يقضي ست ساعات يوميا على الجهاز اللوحي، ماذا أفعل؟",
            "هل يجب أن يملك الأطفال دون العاشرة هاتفا ذكيا؟",
            "لا هواتف على العشاء: أفضل قاعدة في عائلتنا",
        ],
        "cycling": [
            "الذهاب إلى العمل بالدراجة يوفر علي ساعة من الزحام كل يوم",
            "نحتاج إلى مسارات دراجات أكثر أمانا في هذه المدينة",
            "هل تستحق الدراجة الكهربائية الشراء لعشرة كيلومترات إلى العمل؟",
        ],
        NO_TOPIC: [
            "يا له من هدف في الدقيقة الأخيرة، جن جنون الملعب",
            "ارتفعت أسعار الفائدة مجددا وأسهمي خاسرة",
            "فيلم التنانين الجديد طويل جدا",
        ],
    },
    "th": {
        "coffee": [
            "ทุกคนใช้เมล็ดกาแฟอะไรชงเอสเพรสโซตอนเช้า",
            "กาแฟดริปดีๆ ที่บ้านอร่อยกว่าทุกร้านในเมือง",
            "เครื่องชงกาแฟพัง วันนี้ทำอะไรไม่ได้เลย",
        ],
        "screen time": [
            "ลูกชายเล่นแท็บเล็ตวันละหกชั่วโมง ทำยังไงดี",
            "เด็กอายุต่ำกว่าสิบขวบควรมีสมาร์ตโฟนไหม",
            "ห้ามใช้โทรศัพท์ตอนกินข้าวเย็น กฎที่ดีที่สุดของบ้านเรา",
        ],
        "cycling": [
            "ปั่นจักรยานไปทำงานช่วยให้ไม่ต้องรถติดวันละชั่วโมง",
            "เมืองนี้ต้องการเลนจักรยานที่ปลอดภัยกว่านี้",
            "จักรยานไฟฟ้าคุ้มไหมสำหรับไปทำงานสิบกิโลเมตร",
        ],
        NO_TOPIC: [
            "ประตูนาทีสุดท้ายสุดยอด ทั้งสนามแตกตื่น",
            "ดอกเบี้ยขึ้นอีกแล้ว หุ้นฉันแดงทั้งพอร์ต",
            "หนังมังกรเรื่องใหม่ยาวเกินไปมาก",
        ],
    },
}
