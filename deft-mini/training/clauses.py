"""Agreements and local news by a grammar: documents that say partly the same in other words."""

from grammar import Grammar, compile_pattern

NAMES = {
    "giver": ["the {Disclosing Party|Company|Discloser|Owner|Client|Employer|disclosing party|Provider|Licensor}"],
    "taker": ["the {Receiving Party|Recipient|Contractor|Consultant|Employee|receiving party|Supplier|Licensee}"],
    "info": ["{the |}Confidential Information", "{the |}confidential information", "{all |}confidential {data|materials}",
             "{the |}proprietary information", "{the |}{protected|disclosed} information"],
    "agreement": ["this Agreement", "the Agreement", "this {contract|document|NDA}", "these terms"],
    "shall": ["shall", "will", "must", "agrees to", "is {obliged|obligated|required} to"],
    "period": ["{two|three|five|ten} ({2|3|5|10}) years", "{1|2|3|5|7|10} years", "[number] years", "[Duration]",
               "{12|18|24|36} months", "the {term|duration} of <agreement>", "an {indefinite|unlimited} period"],
    "days": ["{7|10|14|15|30|45|60|90} days", "thirty (30) days", "[number] days", "{five|ten} {business|working} days"],
    "state": ["[State]", "[State/Country]", "{California|Delaware|New York|Texas|England and Wales|Ontario|Singapore}",
              "[Jurisdiction]"],
    "sum": ["${500|1,000|5,000|10,000|25,000|50,000|100,000|250,000|1,000,000}", "[Amount]", "{5|10|15}% of the {contract price|fee}"],
    "items": ["business plans", "customer lists", "source code", "financial {records|data|statements}", "trade secrets",
              "technical {data|drawings|specifications}", "marketing {plans|strategies}", "know-how", "product designs",
              "research results", "price lists", "personnel {records|files}", "software", "inventions", "formulas",
              "processes", "supplier {names|contracts}", "sales {figures|forecasts}", "prototypes", "test results"],
    "list": ["<items>, <items>{|,} and <items>", "<items> {and|or} <items>", "<items>, <items>, <items>{|,} {and|or} <items>"],
    "purpose": ["the Purpose", "the {agreed|stated|intended} purpose", "{evaluating|discussing} a {possible|potential} {business|} {relationship|transaction|partnership}",
                "the {joint|research|development} project", "the services under <agreement>", "[specific project or purpose]"],
    "place": ["[Address]", "[Company Address]", "{12|48|105|770} {Harbour|Station|Mill|Park|Church} {Street|Road|Avenue}, [City]",
              "[City, State]"],
    "sign": ["[Signature]", "[Name]", "[Date]", "[Title]", "[Name and Title]", "____________"],
}

# For each topic its headings and its sentences; a document takes a few sentences of a few topics.
TOPICS = {
    "parties": (["Parties", "The Parties", "Introduction"], [
        "{This Agreement|The present Agreement|This Non-Disclosure Agreement} {is made|is entered into|is made and entered into} {on|as of} {[Date]|[Effective Date]|the date below} {by and between|between} [{Company Name|Party A|Business Name|Your Company Name}]{, located at <place>,|} and [{Recipient Name|Party B|Contractor Name|Employee Name}]{, located at <place>|}.",
        "[{Company Name|Party A}] is {a company|a corporation|a {limited liability|private} company} {organized|incorporated|existing} under the laws of <state>{, with its principal place of business at <place>|}.",
        "{Agreement|Contract|Non-disclosure agreement} between [{Company Name|Party A|Client Name}] and [{Recipient Name|Party B|Contractor Name}] {on|dated} [Date].",
        "[{Company Name|Business Name}] {is hereinafter|is herein|will be} {referred to as|called} {\"Company\"|the \"Disclosing Party\"|\"Party A\"|the \"Client\"}{, and [{Recipient Name|Contractor Name}] as {the \"Receiving Party\"|the \"Recipient\"|\"Contractor\"}|}.",
        "{Both|The} parties {wish|desire|intend} to {explore|discuss|pursue} <purpose>{ and to exchange <info>|}."]),
    "definition": (["Definition of Confidential Information", "Confidential Information", "Definitions", "Definition"], [
        "\"Confidential Information\" {includes|means|refers to|shall mean|covers} {all|any} {information|data|material} {disclosed by <giver>|that <giver> discloses|that has or could have commercial value|of a confidential nature}{, including{ but not limited to|} <list>|}.",
        "{For the purposes of <agreement>, |}\"Confidential Information\" {includes|means} {all potentially commercially valuable|any technical or business} information, {specifically|such as|for example} <list>.",
        "<info> {may be|can be} {in oral, written or electronic form|written, oral or visual|disclosed orally or in writing}{, whether or not it is marked as confidential|}.",
        "{If|Where} <info> is {in written form|transmitted in writing}, <giver> shall {label|mark|stamp} {it|the materials} with the word \"Confidential\".",
        "{Oral disclosures|Information given orally} {must|shall} be {confirmed|summarized} in writing within <days>."]),
    "exclusions": (["Exclusions", "Exclusions from Confidential Information", "Exceptions", "Exclusions from confidentiality"], [
        "{Confidential Information|The obligations of confidentiality|The term} {does not include|excludes|does not apply to|do not extend to} information {that|which} {is or becomes publicly known|is in the public domain|is publicly available}{ through no {fault|act} of <taker>|}.",
        "{Information|Data} {that was already known to <taker>|<taker> already knew|known to <taker> before disclosure} {is excluded|is not confidential|is not covered}.",
        "<taker> {may|is free to} use information {independently developed|that it developed independently}{ without {use of|reference to} <info>|}.",
        "{Obligations|Restrictions} {do not|shall not} {extend|apply} to information that is (a) publicly known, (b) {discovered|created} by <taker> before disclosure, or (c) {learned|obtained} through {legitimate means|a third party}.",
        "{Disclosure|The disclosure of <info>} {is permitted|is allowed} {where|if} {required by {law|a court|regulation}|a court orders it}{, {provided that|if} <giver> is {notified|informed} {promptly|beforehand}|}."]),
    "obligations": (["Obligations", "Obligations of Receiving Party", "Confidentiality", "Non-Disclosure", "Duty of Confidentiality", "Confidentiality Obligations"], [
        "<taker> <shall> {hold|keep|maintain} <info> in {strict|strictest|the strictest} confidence{ for the {sole|exclusive} benefit of <giver>|}.",
        "<taker> {shall not|will not|agrees not to|must not} {disclose|reveal|share} <info> to {any third party|third parties|anyone|others} without {the|} {prior|express} {written|} consent{ of <giver>|}.",
        "<taker> {is obligated|agrees|undertakes} to {protect|safeguard} <info>, {to use it|use it} {solely|only} for <purpose>{, and not {to |}disclose it without consent|}.",
        "<taker> {shall|will} {carefully|} restrict access to <info> to {employees|those employees}{, contractors and third parties|} {who need it|who need to know it|as is reasonably required}{ and shall require {them|those persons} to sign {nondisclosure|similar} restrictions|}.",
        "<info> {shall|may} {be used only|only be used} for <purpose>.",
        "<taker> {shall not|may not} {copy|reproduce|publish|use for its own benefit} <info>{, {or permit|nor permit} others to do so,|} without {prior written approval|permission|written consent}.",
        "{Both|The} parties {agree|undertake} to keep {secret|confidential} {the terms of <agreement>|all <items> {exchanged|received}}."]),
    "term": (["Term", "Duration", "Time Periods", "Term of Agreement", "Duration of Confidentiality", "Term and Termination"], [
        "{<agreement>|The obligations in <agreement>} {remains|shall remain|will remain|stays} {in effect|in force|effective|binding} for <period>{ from the {date of disclosure|Effective Date|date of signing}|}.",
        "The {duty|obligation} {of confidentiality|to hold <info> in confidence} {survives|shall survive|continues after} {termination|the end|expiration} {of <agreement>|thereof}.",
        "The {term|duration|period} of <agreement> {is|shall be} <period>{, {unless|except where} {terminated|ended} earlier|}.",
        "{Either party|Each party|The Company} may {terminate|end|cancel} <agreement> {with|upon|by giving} <days> {written notice|notice in writing|notice}.",
        "The {engagement|contract|collaboration|agreement} {commences|will commence|starts|begins} on [{Start Date|Date}] and {ends|will end|terminates|will terminate} on [{End Date|Date}]{, unless {extended|renewed} in writing|}."]),
    "return": (["Return of Materials", "Return of Information", "Return or Destruction"], [
        "{Upon termination|At the end of <agreement>|Upon request|On written demand}, <taker> <shall> {return|destroy|return or destroy} all {documents|materials|copies|records}{ containing <info>| and {other|any} property of <giver>|}.",
        "{All|Any} {copies|records|notes and other written materials} {pertaining to|of|containing} <info> {shall|must} be {returned|destroyed|given back}{ {immediately|within <days>}|}{ if <giver> requests it{ in writing|}|}.",
        "<taker> {confirms|shall confirm|certifies} in writing that {all copies|the materials} {have been|were} {destroyed|returned}."]),
    "remedies": (["Remedies", "Breach", "Breach of Agreement", "Penalties", "Consequences of Breach"], [
        "{Breach|A breach|Any violation} of <agreement> {may cause|causes|will cause|would cause} {irreparable|serious} {harm|damage} {to <giver>|for which money is no remedy}.",
        "{In the event of|In case of|Upon} {a breach|breach|any breach}, <giver> {is entitled to|may seek|can claim} {injunctive relief|an injunction|damages}{ in addition to {other|all} {legal|available} remedies|}.",
        "{Breach penalties|Penalties for a breach|Remedies} {include|are} injunctive relief, {other remedies|damages}{,|} and a {fee|penalty|fine} of <sum> {per breach|for each breach|each time}.",
        "<taker> {shall|will|must} {pay|compensate <giver> with} <sum> {as {liquidated damages|a penalty}|for each {violation|breach}}{ within <days>|}.",
        "{The losing party|The party in breach} {pays|shall pay|bears} {all|the} {legal costs|attorneys' fees|costs and expenses}."]),
    "law": (["Governing Law", "Applicable Law", "Law and Jurisdiction", "Governing law"], [
        "{This Agreement|The Agreement|This contract} {is|shall be} {governed by|under|subject to|governed by and construed {in accordance with|under}} the laws of <state>.",
        "{Any|All} {dispute|disputes} {arising from|under|in connection with|arising out of} <agreement> {shall|will} be {settled|resolved|decided} {by arbitration|in the courts of <state>|through {mediation|negotiation|amicable discussions}}{ in <state>|}.",
        "The courts of <state> {have|shall have} {exclusive|sole} jurisdiction{ over {any|all} {claims|disputes}|}.",
        "{The applicable law is that of|The parties submit to the law of} <state>."]),
    "relation": (["Relationships", "No Partnership", "Relationship of the Parties", "Independent Contractor"], [
        "{Nothing|No provision} {contained|} in <agreement> {shall be deemed to|makes|creates|shall} {constitute|} {either party|the parties} {a partner|partners}, {joint venturer|joint venturers} or {employee|agents} {of the other|of each other}{ for any purpose|}.",
        "<agreement> {does not|shall not} {create|establish} {a|any} {partnership|agency|joint venture|employment}{ between the parties|}.",
        "<taker> {is|acts as|works as} an independent contractor{ and {is|} not an employee|}."]),
    "severability": (["Severability", "Severability and Waiver", "Partial Invalidity"], [
        "If {a court finds |}{any|a} {provision|part|term} of <agreement> {invalid or unenforceable|is held invalid|is found to be unenforceable|is invalid}, the {remainder|rest|remaining provisions} {shall be interpreted so as best to {effect|carry out} the intent of the parties|{remain|remains|shall remain} {in effect|valid|in full force}|{is|shall} not {be |}affected}.",
        "{Invalidity|The invalidity} of one {provision|clause} {does not|shall not} affect the {others|remaining clauses}."]),
    "integration": (["Integration", "Entire Agreement", "Whole Agreement", "Entire agreement and amendments"], [
        "{This Agreement|The Agreement} {expresses|contains|constitutes|is} the {complete understanding|entire agreement|whole agreement} {of|between} the parties {with respect to|concerning|on} {the subject matter|<purpose>}{ and {supersedes|replaces} all prior {proposals|negotiations|agreements}{, agreements, representations{,|} and understandings|}|}.",
        "{It|The Agreement} contains all related agreements{ and {lack|failure} of enforcement {doesn't|does not} imply waiver|}."]),
    "amendment": (["Amendments", "Amendment", "Changes", "Modification"], [
        "{This Agreement|The Agreement|<agreement>} {may|can} {not be|only be|be} {amended|modified|changed} {except|} in {a writing|writing|a written document} signed by {both parties|all parties|the parties|each party}.",
        "{Amendments|Changes|Modifications} {must|have to|shall} be {made |}in writing and {signed|approved} by {both parties|all parties}.",
        "{No|Any} {change|modification} {is valid|takes effect} {unless|only if} {it is|} {written|in writing} and signed."]),
    "waiver": (["Waiver", "No Waiver"], [
        "{The failure to exercise|Failure to enforce|Not exercising} any {right|provision} {provided in <agreement>|of <agreement>} {shall not be|is not|does not constitute} a waiver{ of prior or subsequent rights|}.",
        "{A waiver|Any waiver} {is effective|counts} only {if|when} {given |}in writing."]),
    "assignment": (["Assignment", "Successors", "Assignment and Successors"], [
        "{<agreement>|The Agreement} {binds|applies to|is binding upon|shall be binding on} the {Parties|parties} and their {successors and assigns|heirs, successors and assigns|representatives, assigns and successors}.",
        "{Neither party|No party|<taker>} may {not |}{assign|transfer} {<agreement>|its rights{ or obligations|}} without {the |}{prior |}written consent{ of the other{ party|}|}."]),
    "services": (["Scope of Work", "Services", "Scope", "Scope of Services", "Duties"], [
        "{The Contractor|The Consultant|The Supplier|The Employee} {agrees to|shall|will} {provide|deliver|perform} {data analysis|consulting|cleaning|translation|software development|design|maintenance|training} services {to|for} {the Company|the Client}.",
        "The {specific|} services {will include|include|are|consist of} {[specific {tasks|services}]|<items>, <items> and {reports|advice|training} for {management|the board|customers}}.",
        "{Work|The services} {is|are|shall be} {performed|provided} {at <place>|on {weekdays|Mondays and Thursdays}|with {due|reasonable} {care|skill}}.",
        "{The Contractor|The Consultant} {reports|shall report} to {the Company|[Manager Name]} {weekly|monthly|every <days>}."]),
    "payment": (["Compensation", "Payment", "Fees", "Remuneration", "Payment Terms", "Purchase Price"], [
        "{For the services{ rendered|}, |}{the Company|the Client|the Buyer} {will pay|shall pay|pays|agrees to pay} {the Contractor|the Supplier|the Seller|the Consultant} {a total {sum|fee} of|} <sum>{, payable {on [payment schedule]|monthly|in advance|within <days>}|}.",
        "{Invoices|All invoices} {are due|shall be paid|must be paid|are payable} {within <days>|upon receipt}{ of {receipt|the invoice date}|}.",
        "{Late payments|Overdue amounts} {bear|are subject to|carry} {interest|a late fee} of {1|1.5|2|5}% {per month|a year}.",
        "{Expenses|Travel expenses|Reasonable expenses} {are|shall be} {reimbursed|paid} by {the Company|the Client}{ {upon|after} {receipts|approval}|}."]),
    "property": (["Intellectual Property", "Ownership", "Ownership of Work", "Intellectual property rights"], [
        "{Any|All} {works|inventions|work product|developments} {created|made|developed} by {the Contractor|the Consultant|<taker>} {{in the course of|while} providing {the |}services|under <agreement>} {remain|will remain|belong to|are} the {sole |}property of {the Company|<giver>|the Client}.",
        "{Any|All} intellectual property {created|developed}{ together| jointly|} {will|shall} be {jointly owned|owned by both parties|shared}.",
        "{No license|<agreement> grants no license} {is granted |}under any {patent|copyright|trademark}{ or other right|}."]),
    "liability": (["Liability", "Limitation of Liability", "Indemnification", "Indemnity"], [
        "{Neither party|No party} {is|shall be} liable for {indirect|consequential|incidental} {damages|losses}{, including lost profits|}.",
        "{<taker>|Each party} {shall|will|agrees to} {indemnify|hold harmless|indemnify and hold harmless} {<giver>|the other{ party|}} {against|from} {any|all} {claims|losses|damages}{ arising from {a breach|negligence}|}.",
        "{Liability|The liability of the Contractor|Total liability} {is|shall be} limited to {<sum>|the fees paid{ under <agreement>|}}."]),
    "notices": (["Notices", "Notice", "Communication"], [
        "{Notices|All notices|Any notice} {must|shall} be {given |sent |}in writing {to|and delivered to} {the address above|<place>|the other party}{ by {registered mail|courier|email}|}.",
        "{A notice|Notice} {takes effect|is deemed received|is effective} {<days> after {mailing|dispatch}|upon {receipt|delivery}}."]),
    "compete": (["Non-Competition", "Non-Solicitation", "Non-Compete"], [
        "{During the term and for|For} <period> {after {termination|employment}|thereafter}, <taker> {shall not|will not|agrees not to} {compete with <giver>|{work|act} for {a competitor|competitors}|solicit {customers|employees} of <giver>}{ {within|in} {<state>|a radius of {20|50|100} miles}|}.",
        "<taker> {may not|shall not} {hire|approach|solicit} {any |}{employees|staff|clients|customers} {of <giver>|of the other party}."]),
    "force": (["Force Majeure"], [
        "{Neither party|No party} is {responsible|liable} for {delays|failure to perform} {caused by|due to|because of} {events|circumstances} beyond its {reasonable |}control{, such as {war|fire|flood|strikes}{ or {earthquakes|epidemics}|}|}."]),
    "warranty": (["Warranties", "Representations", "Warranties and Representations"], [
        "{Each party|<giver>|The Seller} {represents|warrants|represents and warrants} that it {has the right to {enter into|sign} <agreement>|owns {the goods|the information|all rights}}.",
        "{All|The} {information|goods} {is|are} {provided|delivered|supplied} \"as is\"{ without {any |}warrant{y|ies}|}."]),
    "signature": (["Signatures", "Execution", "Agreed and signed"], [
        "{Signed|Executed} by {[Company Name] and [Recipient Name]|both parties|the parties|the duly authorized representatives} {at|on} {the above date|[Date]|the date first above written}.",
        "{IN WITNESS WHEREOF, |}the {parties|Parties}{ hereto|} have {executed|signed} {this Agreement|the Agreement} {as of|on} the {date|day} {first above written|stated above|below}.",
        "{By signing{ below|}, |}{both|the} parties {acknowledge|accept|confirm} {and agree to |}{these terms|the terms of <agreement>}.",
        "{By|Name|Title|Date|Signature}: <sign>", "{Company|Contractor|Client|Recipient}: <sign>"]),
}

TITLES = [
    "NON-DISCLOSURE AGREEMENT{ (NDA)|}", "CONFIDENTIALITY AGREEMENT", "{Mutual |}Non-Disclosure Agreement", "SERVICE AGREEMENT",
    "CONSULTING AGREEMENT", "Employee Confidentiality Agreement", "{BUSINESS |}COOPERATION AGREEMENT", "SALES CONTRACT",
    "{Joint |}Research Agreement", "Software Development Agreement", "AGREEMENT", "Lease Agreement", "EMPLOYMENT CONTRACT",
    "Addendum to the {Service|Confidentiality} Agreement", "Non-disclosure agreement between [Party A] and [Party B]",
]

# Facts of a small town, each in several wordings; `#` is a number, `@` a name.
FACTS = [
    ["The {tram|road|tunnel} to @ {was|is} {closed|blocked} for # days because of {ice|floods|repairs}.", "Because of {ice|floods|repairs}, the {tram|road|tunnel} to @ {was|is} {closed|blocked} for # days.", "For # days nobody could use the {tram|road|tunnel} to @, which was {closed|blocked}."],
    ["The {company|factory} @ {hired|dismissed} # {workers|clerks|drivers}{ this spring|}.", "{This spring|} # {workers|clerks|drivers} were {hired|dismissed} by the {company|factory} @.", "# {workers|clerks|drivers} have been {hired|dismissed} at the {company|factory} @."],
    ["Professor @ {found|described|lost} # {beetles|letters|maps} in the {archive|forest|attic}.", "In the {archive|forest|attic} # {beetles|letters|maps} were {found|described|lost} by professor @."],
    ["The price of {bread|milk|coal} {rose|fell} by # percent in @.", "In @ the price of {bread|milk|coal} {rose|fell} by # percent.", "{Bread|Milk|Coal} is # percent {dearer|cheaper} in @ now."],
    ["Judge @ {sentenced|fined} # {smugglers|thieves} on {Friday|Monday|Tuesday}.", "On {Friday|Monday|Tuesday} # {smugglers|thieves} were {sentenced|fined} by judge @."],
    ["A {ship|barge} {carrying|with} # {crates|barrels} of {oranges|oil|tea} ran aground near @.", "Near @ a {ship|barge} ran aground; it {carried|was carrying} # {crates|barrels} of {oranges|oil|tea}."],
    ["The {choir|orchestra} of @ {sang|played} before # {guests|listeners}.", "Before # {guests|listeners} the {choir|orchestra} of @ has {sung|played}."],
    ["Pupils {collected|painted} # {bottles|posters} for the {zoo|shelter} at @.", "For the {zoo|shelter} at @, # {bottles|posters} were {collected|painted} by pupils."],
    ["Minister @ {opened|visited} # {clinics|bridges|schools} in the north.", "In the north # {clinics|bridges|schools} were {opened|visited} by minister @."],
    ["The {post office|station|market hall} at @ will {open|close} on # {June|July|October}.", "On # {June|July|October} the {post office|station|market hall} at @ {opens|closes}.", "{Opening|Closing} day of the {post office|station|market hall} at @ is # {June|July|October}."],
    ["Heavy {rain|snow|hail} destroyed # {greenhouses|tents|boats} in @.", "# {greenhouses|tents|boats} in @ were destroyed by heavy {rain|snow|hail}."],
    ["The {river|lake} at @ rose # {centimetres|inches} {overnight|in a day}.", "{Overnight|In a day} the {river|lake} at @ has risen # {centimetres|inches}."],
    ["Inspector @ counted # {rats|mistakes|cracks} in the {cellar|ledger|dam}.", "In the {cellar|ledger|dam} inspector @ has counted # {rats|mistakes|cracks}."],
    ["The new {telescope|kiln|mill} of @ weighs # {tons|pounds}.", "Weighing # {tons|pounds}, the new {telescope|kiln|mill} of @ arrived.", "# {tons|pounds} is the weight of the new {telescope|kiln|mill} of @."],
    ["The village @ has # {wells|inhabitants|chapels}{, says the chronicle|}.", "{According to the chronicle, |}# {wells|inhabitants|chapels} are in the village @."],
    ["Captain @ {rescued|saved} # {fishermen|swimmers} from the {storm|surf}.", "# {fishermen|swimmers} were {rescued|saved} from the {storm|surf} by captain @."],
    ["The {vineyard|orchard} of family @ {yielded|gave} # {baskets|litres}{ this year|}.", "{This year, |}# {baskets|litres} were {yielded|given} by the {vineyard|orchard} of family @."],
    ["Voters in @ {rejected|approved} the {bypass|wind farm|tax} by # votes.", "The {bypass|wind farm|tax} was {rejected|approved} by voters in @ by # votes.", "By # votes the {bypass|wind farm|tax} was {rejected|approved} in @."],
    ["A {meteorite|tree|crane} fell onto # {cars|sheds} on {Castle|Tower|Lake} Street.", "On {Castle|Tower|Lake} Street # {cars|sheds} were hit by a {meteorite|tree|crane} that fell."],
    ["The {gallery|theatre} lent # {paintings|costumes} to the town of @.", "# {paintings|costumes} were lent to the town of @ by the {gallery|theatre}."],
    ["{Police|Firemen} searched # {houses|hectares} near @ for a missing {dog|child|violin}.", "Searching for a missing {dog|child|violin}, {police|firemen} went through # {houses|hectares} near @."],
    ["The {marathon|regatta} through @ was won in # minutes.", "In # minutes somebody won the {marathon|regatta} through @."],
    ["Astronomer @ {predicted|photographed} # {comets|eclipses}.", "# {comets|eclipses} were {predicted|photographed} by astronomer @."],
    ["The {water|gas} bill of the {school|prison} at @ was # crowns too high.", "By # crowns the {water|gas} bill of the {school|prison} at @ was too high."],
]

PEOPLE = ("Abbott Barlow Carmen Dalton Eklund Farrow Griffin Hobbs Ibsen Jarvis Kramer Lennox Morrow Nyberg Oakley Porter"
          " Quill Ritter Sommer Tallis Umber Vogel Walden Yardley Zeller Bishop Castell Draper Fenwick Gould").split()

GRAMMAR = Grammar(NAMES)
_TOPICS = {name: (heads, [compile_pattern(s) for s in sentences]) for name, (heads, sentences) in TOPICS.items()}
_TOPIC_NAMES = list(_TOPICS)
_TITLES = [compile_pattern(t) for t in TITLES]
_FACTS = [[compile_pattern(w) for w in wordings] for wordings in FACTS]


def _capital(text):
    for i, c in enumerate(text):
        if c.isalpha():
            return text[:i] + c.upper() + text[i + 1:]
        if c not in "\"'([":
            break
    return text


def agreement(rng, size):
    """Lines of an agreement of about `size` lines: a title, headings, sentences."""
    given = {}
    if rng.random() < 0.7:  # a document calls its parties by one name
        for name in ("giver", "taker", "info", "agreement", "state"):
            given[name] = GRAMMAR.expand(rng, [(name,)])
    style = rng.random()
    lines = [GRAMMAR.expand(rng, rng.choice(_TITLES))] if rng.random() < 0.8 else []
    first = ["parties"] if rng.random() < 0.8 else []
    topics = first + rng.sample([t for t in _TOPIC_NAMES if t not in ("parties", "signature")], min(size, 20))
    for topic in topics:
        if len(lines) >= size:
            break
        heads, patterns = _TOPICS[topic]
        head = rng.choice(heads)
        chosen = rng.sample(patterns, min(len(patterns), 1 + int(rng.random() * 2.2)))
        body = [_capital(GRAMMAR.expand(rng, p, given)) for p in chosen]
        if style < 0.3:
            lines.append(head + (":" if style < 0.2 else ""))
        elif style < 0.55:
            body[0] = f"{head}{':' if style < 0.45 else '.'} {body[0]}" if style < 0.45 else body[0]
            if style >= 0.45:
                lines.append(head + ".")
        lines += body
    lines = lines[:max(1, size - 1)]
    if rng.random() < 0.7:
        lines.append(_capital(GRAMMAR.expand(rng, rng.choice(_TOPICS["signature"][1]), given)))
    return lines


def joined(rng, lines):
    """Some neighbours become one long sentence."""
    out, between = [], rng.choice(("; ", "; and ", ", and ", "; (ii) ", ": "))
    for line in lines:
        if out and out[-1].endswith(".") and line.endswith(".") and rng.random() < 0.35 and len(out[-1]) < 700:
            lower = line[0].lower() + line[1:] if line[1:2].islower() else line
            out[-1] = out[-1][:-1] + between + lower
        else:
            out.append(line)
    return out


def clause(rng):
    """One sentence of an agreement."""
    topic = _TOPICS[_TOPIC_NAMES[int(rng.random() * len(_TOPIC_NAMES))]]
    return _capital(GRAMMAR.expand(rng, rng.choice(topic[1])))


def facts(rng, count):
    """For each of `count` facts its wordings; no two facts share a number."""
    numbers = rng.sample(range(2, 999), count)
    found = []
    for number in numbers:
        wordings = rng.choice(_FACTS)
        seed = rng.random()
        name = rng.choice(PEOPLE)
        told = []
        for w in wordings:
            # The same choices in each wording, as far as these go together.
            text = GRAMMAR.expand(_Same(seed), w)
            told.append(_capital(text.replace("#", str(number)).replace("@", name)))
        found.append(told)
    return found


class _Same:
    """A source of one number: every choice among as many falls alike."""

    def __init__(self, value):
        self.value = value

    def random(self):
        return self.value
