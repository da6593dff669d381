"""Synthetic English from which the tokenizer's merges are learned.

Nothing is read from a file: countries, sentences and contract clauses are drawn from the lists
below, so the vocabulary is reproducible from the seed alone and carries nobody's text.
"""

import random

COUNTRIES = """Afghanistan Albania Algeria Andorra Angola Argentina Armenia Australia Austria
Azerbaijan Bahamas Bahrain Bangladesh Barbados Belarus Belgium Belize Benin Bhutan Bolivia Bosnia
Botswana Brazil Brunei Bulgaria Burundi Cambodia Cameroon Canada Chad Chile China Colombia Comoros
Congo Croatia Cuba Cyprus Denmark Djibouti Dominica Ecuador Egypt Eritrea Estonia Eswatini Ethiopia
Fiji Finland France Gabon Gambia Georgia Germany Ghana Greece Grenada Guatemala Guinea Guyana Haiti
Honduras Hungary Iceland India Indonesia Iran Iraq Ireland Israel Italy Jamaica Japan Jordan
Kazakhstan Kenya Kiribati Kuwait Kyrgyzstan Laos Latvia Lebanon Lesotho Liberia Libya Liechtenstein
Lithuania Luxembourg Madagascar Malawi Malaysia Maldives Mali Malta Mauritania Mauritius Mexico
Micronesia Moldova Monaco Mongolia Montenegro Morocco Mozambique Myanmar Namibia Nauru Nepal
Netherlands Nicaragua Niger Nigeria Norway Oman Pakistan Palau Panama Paraguay Peru Philippines
Poland Portugal Qatar Romania Russia Rwanda Samoa Senegal Serbia Seychelles Singapore Slovakia
Slovenia Somalia Spain Sudan Suriname Sweden Switzerland Syria Taiwan Tajikistan Tanzania Thailand
Togo Tonga Tunisia Turkey Turkmenistan Tuvalu Uganda Ukraine Uruguay Uzbekistan Vanuatu Venezuela
Vietnam Yemen Zambia Zimbabwe""".split() + [
    "Burkina Faso", "Cape Verde", "Central African Republic", "Costa Rica", "Czech Republic",
    "Dominican Republic", "East Timor", "El Salvador", "Equatorial Guinea", "Ivory Coast",
    "Marshall Islands", "New Zealand", "North Korea", "North Macedonia", "Papua New Guinea",
    "Saint Lucia", "San Marino", "Saudi Arabia", "Sierra Leone", "Solomon Islands", "South Africa",
    "South Korea", "South Sudan", "Sri Lanka", "Trinidad and Tobago", "United Arab Emirates",
    "United Kingdom", "United States", "Vatican City"]

PEOPLE = """Alex Maria Daniel Priya Chen Fatima Oliver Sofia Ahmed Emma Lucas Hannah Kenji Amara
Victor Elena Samuel Ingrid Carlos Noor""".split()

ROLES = """engineer teacher doctor farmer traveller writer scientist student musician chef pilot
historian photographer merchant architect nurse journalist painter sailor guide manager lawyer
director tourist family neighbour friend child stranger group team company""".split()

ADJECTIVES = """old young famous quiet busy beautiful ancient modern small large bright dark cold
warm strange simple difficult important popular local foreign early late rich poor strong careful
happy curious tired long short open hidden narrow distant wonderful colourful delicious traditional
remarkable peaceful crowded""".split()

NOUNS = """city river mountain village market road bridge garden house museum library school river
island forest desert coast harbour train station airport hotel restaurant kitchen letter book story
song language festival culture history map journey adventure morning evening night winter summer
spring autumn year week month day hour world country border capital field lake ocean valley temple
palace street shop window table picture camera ticket coffee bread fish fruit flower tree bird horse
dog cat friend dream question answer problem number list word sentence page paper document report
machine computer model result""".split()

VERB_PHRASES = """visited explored remembered described discovered crossed painted studied bought
found lost built opened reached left followed watched photographed loved missed wanted needed
imagined planned""".split() + [
    "walked through", "looked at", "talked about", "thought about", "listened to", "arrived in",
    "travelled to", "returned from", "moved to", "lived in", "worked in", "dreamed of", "wrote about"]

CONNECTIVES = """Then Later Afterwards Meanwhile However Therefore Finally Suddenly Sometimes
Usually Yesterday Today Tomorrow Because Although While When After Before Since""".split()

PARTIES = """Disclosing Party|Receiving Party|Company|Contractor|Employee|Employer|Licensor|Licensee|
Supplier|Customer|Client|Consultant|Buyer|Seller|Recipient|Discloser|Parties|Party""".replace(
    "\n", "").split("|")

CONTRACT_OBJECTS = """Confidential Information|this Agreement|the Effective Date|trade secrets|
intellectual property|business plans|financial records|customer lists|source code|technical data|
written consent|prior written notice|the Purpose|any third party|its affiliates|its employees|
proprietary information|marketing strategies|the terms and conditions|all copies and documents|
liquidated damages|legal proceedings|applicable law|the governing law|the competent courts|
irreparable harm|injunctive relief|monetary damages|reasonable care|the disclosure period""".replace(
    "\n", "").split("|")

CONTRACT_VERBS = """shall protect|shall not disclose|shall return|shall destroy|agrees to keep secret|
may terminate|undertakes to use|shall maintain|acknowledges|warrants|shall notify|shall be liable
 for|shall indemnify|may assign|waives|shall be bound by|is entitled to|shall compensate|shall pay|
represents and warrants|shall remain responsible for|hereby grants|shall not reproduce|shall not
 transfer""".replace("\n", "").split("|")

CONTRACT_TAILS = """for a period of five (5) years from the date of disclosure|without the prior
 written consent of the other party|in accordance with the laws of the state|upon termination of
 this Agreement|except as required by law|to the fullest extent permitted by applicable law|within
 thirty (30) days of receipt of written notice|under the terms of this Agreement|in connection with
 the Purpose|unless otherwise agreed in writing|provided that such information is marked as
 confidential|whether in oral, written or electronic form|at its own cost and expense|including but
 not limited to attorneys' fees|in the event of a breach of any provision|that was publicly known at
 the time of disclosure|or was independently developed by the receiving party|notwithstanding any
 other provision herein|and shall survive its expiration|if any provision is held invalid or
 unenforceable""".replace("\n", "").split("|")

TITLES = """Definitions|Confidentiality|Obligations|Exclusions|Term and Termination|Governing Law|
Remedies|Severability|Entire Agreement|Amendments|Assignment|Notices|Indemnification|Liability|
Return of Materials|No License|Dispute Resolution|Non-Competition|Penalties|Signatures""".replace(
    "\n", "").split("|")

TASK_WORDS = """Sort the following list of numbers in ascending order. Merge the two sorted lists.
Count how often each country is mentioned in the text below. Combine the documents into one document,
keeping every fact and removing repetition. Find the intersection of the two sets. Output only the
answer. Let us think step by step. Question: Answer: Input: Output: Score: true false yes no""".replace(
    "\n", " ")


def _story(rng):
    parts = []
    for _ in range(rng.randint(2, 5)):
        who = rng.choice([rng.choice(PEOPLE), f"the {rng.choice(ROLES)}",
                          f"the {rng.choice(ADJECTIVES)} {rng.choice(ROLES)}", "she", "he", "they",
                          "we", "I"])
        what = rng.choice([rng.choice(COUNTRIES),
                           f"the {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}",
                           f"a {rng.choice(NOUNS)} in {rng.choice(COUNTRIES)}",
                           f"{rng.choice(COUNTRIES)} and {rng.choice(COUNTRIES)}",
                           f"the {rng.choice(NOUNS)}s of {rng.choice(COUNTRIES)}"])
        sentence = f"{who} {rng.choice(VERB_PHRASES)} {what}"
        if rng.random() < 0.4:
            sentence += rng.choice([
                f" with {rng.choice(PEOPLE)}", f" before the {rng.choice(NOUNS)}",
                f", where the {rng.choice(NOUNS)} was {rng.choice(ADJECTIVES)}",
                f" and {rng.choice(VERB_PHRASES)} its {rng.choice(NOUNS)}",
                f", but it wasn't {rng.choice(ADJECTIVES)}", f" because they'd had enough"])
        if rng.random() < 0.3:
            sentence = f"{rng.choice(CONNECTIVES)}, {sentence}"
        parts.append(sentence[0].upper() + sentence[1:] + rng.choice([".", ".", ".", "!", "?"]))
    return " ".join(parts)


def _clause(rng):
    number = f"{rng.randint(1, 20)}. {rng.choice(TITLES)}\n" if rng.random() < 0.5 else ""
    body = (f"The {rng.choice(PARTIES)} {rng.choice(CONTRACT_VERBS)} "
            f"{rng.choice(CONTRACT_OBJECTS)} {rng.choice(CONTRACT_TAILS)}")
    if rng.random() < 0.5:
        body += f", and the {rng.choice(PARTIES)} {rng.choice(CONTRACT_VERBS)} {rng.choice(CONTRACT_OBJECTS)}"
    return number + body + "."


def _listing(rng):
    kind = rng.randrange(4)
    if kind == 0:
        return "[" + ", ".join(str(rng.randrange(100)) for _ in range(rng.randint(3, 12))) + "]"
    if kind == 1:
        names = rng.sample(COUNTRIES, rng.randint(2, 5))
        return "{" + ", ".join(f'"{n}": {rng.randint(1, 5)}' for n in names) + "}"
    if kind == 2:
        return ", ".join(rng.sample(COUNTRIES, rng.randint(2, 6)))
    return TASK_WORDS


def paragraphs(seed, count):
    """Yields `count` paragraphs: stories, contract clauses and listings."""
    rng = random.Random(seed)
    for _ in range(count):
        yield rng.choices([_story, _clause, _listing], [5, 4, 1])[0](rng)
