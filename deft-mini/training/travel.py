"""Prose that names countries: travels, trade, families, news, by a grammar; `#` stands for a country."""

from corpus import COUNTRIES
from grammar import Grammar, compile_pattern

NAMES = {
    "p": "Anna Boris Cecilia Dmitri Esther Felix Gloria Henrik Isabel Jakob Karin Luis Miriam Nadia Oscar Paula Quentin "
         "Rosa Stefan Tara Umar Vera Walter Xenia Yusuf Zoe Robert Michael Susan Linda Thomas Peter Jessica Mark Sofia "
         "Emma Olivia Liam Noah Ethan Mia Lucas Grace Hannah Daniel Laura Kevin Alice Bob".split(),
    "role": ["{a|an old|a young|a retired|a curious} {teacher|doctor|farmer|merchant|writer|musician|chef|pilot|journalist|painter|sailor|lawyer|scientist|historian|photographer|student|diplomat|botanist}"],
    "who": ["<p>", "<p>", "<p>", "he", "she", "they", "we", "the {group|family|team|crew|delegation|expedition|class|couple}",
            "his {friend|colleague|brother|cousin|neighbor|grandmother} <p>", "her {friend|colleague|sister|uncle|neighbor|mentor} <p>"],
    "adj": "ancient vibrant bustling serene breathtaking quiet colorful snowy sunny remote lively historic misty dry green crowded "
           "rugged peaceful golden rich diverse majestic charming pristine tropical".split(),
    "thing": ["{markets|temples|beaches|mountains|deserts|villages|castles|museums|rivers|vineyards|forests|islands|lakes|cities|streets|landscapes|festivals|cuisine|traditions|architecture|music|coastline|wildlife|history|literature|culture}"],
    "good": ["{coffee|tea|wine|rice|copper|timber|wool|steel|oranges|spices|silk|fish|wheat|sugar|cheese|carpets|machines|flowers|oil|cocoa}"],
    "trap": ["{Paris|Tokyo|Rome|Cairo|London|Lima|Oslo|Sydney|Delhi|Berlin|Nairobi|Madrid|Toronto|Beijing|Havana|Seoul|Vienna|Boston|Chicago|Dublin|Athens|Lisbon|Prague|Istanbul}",
             "{Europe|Asia|Africa|South America|North America|Scandinavia|Latin America|the Balkans|the Caribbean|the Middle East|Siberia|Patagonia|Bavaria|Tuscany|Scotland|England|Holland|California|Quebec|Bali}",
             "{the Alps|the Andes|the Himalayas|the Nile|the Amazon|the Sahara|the Mediterranean|the Atlantic|the Baltic Sea|the Great Wall|the Eiffel Tower|Machu Picchu|the Danube}"],
    "nation": ["{French|German|Italian|Spanish|Japanese|Chinese|Korean|Indian|Brazilian|Mexican|Norwegian|Swedish|Russian|Turkish|Greek|Egyptian|Canadian|American|British|Irish|Dutch|Swiss|Polish|Peruvian|Cuban|Iranian|Kenyan|Vietnamese|Australian|Portuguese|Thai|Danish|Finnish|Chilean|Moroccan}"],
    "when": ["{In|During} the {summer|winter|spring|autumn} of {1956|1974|1989|1998|2003|2011|2019}", "One {evening|morning|day|Sunday}", "Years later", "Last {year|month|week|summer}",
             "Soon after", "The following {day|week|year}", "At first", "Eventually", "Finally", "Meanwhile", "Afterwards", "Before that", "Later {that year|on}", "After {a while|that}", "Then", "Next"],
    "v": ["{visited|explored|left|reached|admired|loved|toured|crossed|described|remembered|studied|missed|rediscovered}"],
    "went": ["{went|traveled|flew|sailed|moved|returned|headed|drove|came|ventured|journeyed} to"],
}

PATTERNS = [compile_pattern(p) for p in [
    "<when>, <who> {<v> #|<went> #}{ and <v> #|, {then|and later} <went> #|}.",
    "<who> <v> the <adj> <thing> of #{ and {the <adj> <thing> of|those of|those in} #|}.",
    "<p>, <role> from #, {had {always|long|never} {dreamed|thought|spoken} of|was {fascinated|enchanted|surprised} by|wrote {a book|letters} about} the <thing> of #{ and #|}.",
    "{From|Starting in|Leaving} #, <who> <went> #{, where the <thing> {were|was} <adj>|}{, and from there to #|}.",
    "{The journey|The road|The route|Their trip|The tour|The voyage} {led|took|brought} {them|him|her|us} {from #|} {to|through|across} #{ and #|, #{,|} and #|}{ before {ending|arriving} in #|}.",
    "In #, <who> {tasted|bought|found|sampled|tried} <good> {that came from|imported from|which reminded {him|her|them} of|better than any in} #.",
    "# {exports|sells|ships|sends} <good> to #{ and #|, #{,|} and #|}{, while # {buys|imports} it from #|}.",
    "{Trade|Friendship|Relations|The border|A treaty|The ferry|A railway} between # and # {was|had been|became|is} {<adj>|important|difficult|famous|centuries old}.",
    "<who> compared the <thing> of # {with|to} {those|that} of #{, #|}{ and #|}.",
    "#, {#|#, #}{,|} and # {signed|rejected|discussed|joined} the {agreement|treaty|alliance}.",
    "{Delegates|Students|Players|Tourists|Artists|Scientists|Teams|Visitors} from #, #{, #|}{,|} and # {met|gathered|arrived|performed} in {#|<trap>}.",
    "{Unlike|Like|Similar to|Compared with} #, # {is|was|seemed} <adj>{ and full of <adj> <thing>|}.",
    "<p> was born in #{, {grew up|studied|married} in #|}{,|} and {now lives|later worked|finally settled} in #.",
    "<who> {spoke|talked|dreamed|read|thought} about {#|the <thing> of #|a trip to #|life in #|the people of #}{ and {#|the <thing> of #}|}.",
    "#'s <adj> <thing> {left|made} {a lasting|an unforgettable|a deep} impression on {him|her|them|<p>}{, as did #'s|, more than those of #|}.",
    "The <thing> of # and {the <thing> of|} # {are|were} {unlike|similar to|older than} {anything in|those of|what one finds in} #.",
    "<who> {learned|heard|discovered} that # and # {share|once shared|had exchanged} {a border|a language|<good>|many traditions|an old song}.",
    "{A|The} {letter|parcel|postcard|package|ship|train|plane} {from|bound for|sent to} # {arrived|was lost|stopped} in #{ on its way to #|}.",
    "{The|An} {embassy|ambassador|team|orchestra|government|president|parliament} of # {invited|visited|defeated|thanked|answered} {that|the one} of #{ in #|}.",
    "<who> {stayed|lived|worked|waited} in # {for {two|three|six|ten} {weeks|months|years}|until {spring|the war ended}}{ and then <went> #|}.",
    "\"{I|We} {miss|love|remember|left} #,\" {said|whispered|wrote} <p>{, \"but # is {my|our} home{.|now.}\"|.}",
    "{Is|Was} # {larger|older|colder|richer|greener} than #{ or #|}?",
    "Neither # nor # {had|was|seemed} {enough|as <adj>|<adj>}{, but # {did|was}|}.",
    "{Both|} # and # {celebrate|grow|produce|honor|know} {<good>|it|the same festival|this custom}{, and so does #|}.",
    "{Flights|Ships|Trains|Buses} to #, # and # {were|are} {late|full|cheap|cancelled}.",
    "The {map|list|atlas|report|book|exhibition|film} {showed|named|mentioned|covered|compared} {#, #{, #|}{, #|}{,|} and #|# and #|only #}.",
    "{On the other side|To the north|Far away|Across the sea} {lies|lay} #{, and beyond it #|}.",
    "{<nation>|<nation> and <nation>} {food|music|films|tourists|students|poetry} {was|were} {popular|rare|welcome} in {#|<trap>}{ and #|}.",
    "<who> {left|missed|loved} <trap>{ and the <nation> {food|coast|language}|} {before|after} {going to|seeing|a visit to} #.",
    "{A|The} <nation> {restaurant|school|song|painter|friend} in <trap> {reminded|told} {him|her|them} of {#|the <thing> of #|home}.",
    "<trap> {was|seemed} <adj>, {and|but} nobody {spoke|knew} <nation> there.",
    "{It|The weather|The evening|The night|The meal|The sea} {was|became|stayed} {<adj>|quiet|cold|warm}{, and <who> {slept|sang|laughed|kept walking}|}.",
    "<who> {wrote|read|kept|lost} {a diary|every letter|the ticket|an old map|a small notebook}{ {on the train|at night|in the rain}|}.",
    "{Then|Next|From there} {came|followed} #{, then #|, #|}{ and {at last|finally} #|}.",
    "The {southern|northern|eastern|western} {part|coast|border|tip} of # {is|was} {close to|visible from|<adj>{, like|, unlike} that of} #.",
    "{Many|Some|Few|Most} {people|families|workers} {left|fled|came from|moved to} # {in search of {work|peace}|after the {war|flood|earthquake}}{, most of them {for|to} #|}.",
    "{Inspired by|Thinking of|Tired of|Thankful for} {#|the <thing> of #}, <who> <went> #{ with {a friend|<role>} from #|}.",
    "<p>'s {grandparents|parents|children} {came from|moved to|never saw} #{, {hers|his|<p>'s} from #|}.",
    "It {is|was} in # that <who> {met|lost|found} <role> from #.",
    "{Back|Home} in #, <who> {told|wrote} {everyone|friends|a newspaper} about {#|# and #|#, # and #}.",
]]

GRAMMAR = Grammar(NAMES)

# Of which people speak more often than of others.
_KNOWN = [name for name in (
    "Argentina Australia Austria Belgium Brazil Canada Chile China Colombia Cuba Denmark Egypt Ethiopia Finland France Germany"
    " Ghana Greece Hungary Iceland India Indonesia Iran Iraq Ireland Israel Italy Jamaica Japan Kenya Malaysia Mexico Morocco Nepal"
    " Netherlands Nigeria Norway Pakistan Peru Philippines Poland Portugal Romania Russia Singapore Spain Sweden Switzerland"
    " Thailand Turkey Ukraine Venezuela Vietnam Zimbabwe").split()
    + ["United States", "United Kingdom", "South Korea", "North Korea", "South Africa", "New Zealand", "Saudi Arabia"]
    if name in set(COUNTRIES)]
_WITH_ARTICLE = {"United States", "United Kingdom", "Netherlands", "Philippines", "United Arab Emirates", "Czech Republic",
                 "Bahamas", "Maldives", "Gambia", "Dominican Republic", "Central African Republic", "Solomon Islands",
                 "Marshall Islands", "Seychelles", "Vatican City", "Ivory Coast"}


def sentence(rng):
    """A sentence; `#` is where a country belongs."""
    text = GRAMMAR.expand(rng, PATTERNS[int(rng.random() * len(PATTERNS))])
    return text[0].upper() + text[1:] if text[0] != '"' else text


class Names:
    """Which country comes next: of a few, mostly one that was named a moment ago."""

    def __init__(self, rng):
        self.random = rng.random
        few = 3 + int(rng.random() ** 1.3 * 25)
        names = rng.sample(_KNOWN if rng.random() < 0.5 else COUNTRIES, few)
        self.names, self.last = names, []
        self.stay = 0.6 * rng.random()
        self.article = 0.7 * rng.random()

    def next(self):
        for _ in range(3):
            if self.last and self.random() < self.stay:
                name = self.last[int(self.random() * len(self.last))]
            else:
                name = self.names[int(self.random() * len(self.names))]
            if not self.last or name != self.last[-1] or self.random() < 0.1:
                break
        if name not in self.last:
            self.last = self.last[-2:] + [name]
        elif name != self.last[-1]:
            self.last.remove(name)
            self.last.append(name)
        return "the " + name if name in _WITH_ARTICLE and self.random() < self.article else name

    def fill(self, text):
        """A text with names where `#` stood."""
        parts = text.split("#")
        out = [parts[0]]
        for part in parts[1:]:
            name = self.next()
            if name[:4] == "the " and (not out[-1] and len(out) == 1 or out[-1].endswith("the ")):
                name = name[4:]
            out += [name, part]
        return "".join(out)
