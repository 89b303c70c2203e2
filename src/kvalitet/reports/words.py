"""The Danish words for the codes of the warehouse. A code without a word is shown as it is."""

import re

STATUS = {
    "error": "Fejl i målingen",
    "failed": "Ikke opfyldt",
    "not_applicable": "Ikke relevant",
    "held": "Sikret af databasen",
    "passed": "Opfyldt",
}
#: Signs that are understood at a glance, without colour.
STATUS_SIGN = {"error": "!", "failed": "✕", "not_applicable": "○", "held": "■", "passed": "✓"}
SEVERITY = {"critical": "Kritisk", "warning": "Advarsel"}

BUILD = {
    "building": "Under opbygning",
    "built": "Bygget, ikke valideret",
    "passed": "Godkendt, ikke offentliggjort",
    "held_back": "Holdt tilbage",
    "published": "Offentliggjort",
    "failed": "Afbrudt",
    "lapsed": "Opgivet",
}

#: The changes of what readers see, in the ledger.
EVENT = {"published": "Offentliggjort", "rolled_back_to": "Genindført efter en tilbagerulning"}
#: What a build is made and judged with.
MATERIAL = {
    "suites": "kontrollernes regler",
    "waivers": "fravigelserne",
    "contracts": "kontrakterne med kilderne",
    "dbt_manifest": "beregningerne",
}
CLASSIFICATION = {
    "public": "Offentlig",
    "internal": "Intern",
    "personal": "Personoplysning",
    "sensitive": "Følsom",
    "whistleblower": "Whistleblower",
}

OUTCOME = {
    "accepted": "Modtaget",
    "nothing_new": "Intet nyt",
    "beside": "Kun en ældre skæringsdag",
    "missing": "Udeblevet",
    "refused": "Afvist",
    "failed": "Fejlet",
}

PERIOD_KIND = {
    "kalenderaar": "Kalenderår",
    "beretningsaar": "Beretningsår",
    "kvartal": "Kvartal",
}
PERIOD_SPAN = {
    "kalenderaar": "1. januar – 31. december",
    "beretningsaar": "1. april – 31. marts",
    "kvartal": "tre måneder af kalenderåret",
}
#: How publishers name all authorities together.
WHOLE_COUNTRY = "Hele landet"
PERIOD_ORDER = ("kalenderaar", "beretningsaar", "kvartal")

#: The headings under which tables are folded.
FOLD = {
    "kvartal": "Kvartaler",
    "lov": "Fordelt på lov",
    "tema": "Fordelt på tema",
    "center": "Center på tidspunktet",
    "center_nu": "Dagens centre",
    "klagetype": "Fordelt på klagetype",
    "udfald": "Fordelt på udfald",
    "alvorlighed": "Fordelt på alvorlighed",
    "revisor": "Fordelt på revisor",
    "modtager": "Fordelt på modtager",
    "forvaltning": "Fordelt på forvaltning",
    "enhed": "Fordelt på organisatorisk enhed",
    "underordnet_lov": "Fordelt på underordnet lov",
    "overlap": "Fordelt på, om sagen er fundet begge steder",
    "risikoomraade": "Fordelt på risikoområde",
    "leverandoer": "Fordelt på leverandør",
    "kategori": "Fordelt på kategori",
}
#: Which view of the organisation a breakdown by units takes, in a sentence.
VIEW = {
    "center": "Center på tidspunktet: hver sag står ved det center, der havde den, da den hændelse skete, som tallet "
    "er dateret efter. Centre, der siden er lagt sammen eller delt, står med deres egne tal.",
    "center_nu": "Dagens centre: ældre tal er flyttet til de centre, der fører opgaverne videre i dag. Hvor et center "
    "er delt, er dets tal fordelt efter de vægte, der er aftalt ved delingen, og kan derfor have decimaler.",
    "enhed": "Tal for én enhed i organisationen, som kilden selv har opgjort dem.",
    "forvaltning": "Tal for de forvaltninger, som kilden selv nævner.",
}
#: Members of breakdowns that no dimension names.
MEMBER = {
    "matched": "fundet begge steder",
    "unmatched": "ikke fundet begge steder",
    "kritisk": "kritiske",
    "væsentlig": "væsentlige",
    "mindre": "mindre",
    "intern_revision": "Intern Revision",
    "rigsrevisionen": "Rigsrevisionen",
    "ekstern_revision": "ekstern revision",
}

UNIT = {
    "antal": "antal",
    "pct": "procent",
    "dage": "dage",
    "arbejdsdage": "arbejdsdage",
    "score": "score",
    "antal pr. klage": "antal pr. klage",
}
UNIT_AFTER = {"pct": " %", "dage": " dage", "arbejdsdage": " arbejdsdage"}
DIRECTION = {
    "lavere_er_bedre": "Lavere er bedre",
    "hoejere_er_bedre": "Højere er bedre",
    "neutral": "Hverken højere eller lavere er i sig selv bedre",
}

#: Status of a figure: the mark beside it and what the mark means.
FIGURE_MARK = {
    "foreloebig": ("f", "Foreløbigt tal: perioden er ikke afsluttet, eller sager er stadig åbne."),
    "foraeldet": ("*", "Kilden er forældet: tallet bygger på den seneste gode levering."),
}
FIGURE_WORD = {"foreloebig": "Foreløbigt", "foraeldet": "Forældet kilde"}
FIGURE_EMPTY = {
    "skjult": ("skjult", "Skjult, fordi tallet er så lille, at det kan vise tilbage til enkeltpersoner."),
    "uden_grundlag": ("–", "Der er ingen sager at regne på i perioden."),
}

#: The rules of a control chart, and the words for a series.
SIGNAL = {
    "uden_for_graense": "Uden for grænserne",
    "otte_paa_samme_side": "Otte eller flere i træk på samme side af midterlinjen",
    "tre_af_fire_naer_graense": "Tre af fire i træk nærmere grænsen end midterlinjen",
}
POINT_MISSING = {"skjult": "Skjult", "mangler": "Mangler", "uden_grundlag": "Uden grundlag"}

FOLLOW_UP_KIND = {
    "anbefaling": "Anbefaling",
    "bemaerkning": "Bemærkning",
    "beslutning": "Beslutning",
    "tiltag": "Tiltag",
    "handleplanspunkt": "Handleplanspunkt",
    "paalaeg": "Pålæg",
}
FOLLOW_UP_STATUS = {"aaben": "Åben", "delvist_lukket": "Delvist lukket", "lukket": "Lukket", "bortfaldet": "Bortfaldet"}
CAUSED_BY = {
    "undersoegelse": "Undersøgelse",
    "revisionsbemaerkning": "Revisionsbemærkning",
    "sag": "Sag",
    "tilsyn": "Tilsyn",
    "beslutning": "Beslutning",
}
#: Verdict of a reconciliation: tone, sign, word. In the order in which they are shown.
VERDICT = {
    "afviger": ("bad", "✕", "Afviger"),
    "forklaret": ("warn", "!", "Forklaret"),
    "inden_for_afrunding": ("good", "≈", "Inden for afrunding"),
    "stemmer": ("good", "✓", "Stemmer"),
}
#: Triangulation: tone, sign, word.
AGREEMENT = {
    "uenige": ("warn", "!", "Uenige"),
    "enige": ("good", "✓", "Enige"),
    "for_lidt_data": ("", "○", "For lidt data"),
}
#: The steps of a restatement, in the order in which they are worked out.
RESTATED = {
    "definition": "Definition",
    "reclassification": "Omklassificering",
    "correction": "Rettelse",
    "late_data": "Sene data",
}

LAYER = {"staging": "Klargøring", "intermediate": "Fælles regler", "star": "Stjerneskema", "reports": "Rapporttabeller"}
MODEL_STATUS = {
    "success": "Bygget",
    "pass": "Bestået",
    "error": "Fejl",
    "fail": "Ikke bestået",
    "skipped": "Sprunget over",
}
DATED_BY = {
    "received": "den dag, klagen er modtaget",
    "answered": "den dag, klagen er besvaret",
    "decided": "den dag, sagen er afgjort",
    "published": "den periode, kilden selv oplyser",
    "due": "fristen",
    "ended": "den dag, undersøgelsen er afsluttet",
    "period_end": "stillingen ved periodens slutning",
}
#: The reasons why a row was kept out, by the rule's code.
RULE = {
    "required": "Værdien mangler eller er et ord, der står for ingenting, men kræves",
    "date_format": "Datoen er ikke skrevet som aftalt",
    "date_impossible": "Datoen findes ikke i kalenderen",
    "no_event_date": "Hændelsen er dateret efter skæringsdagen eller før 1971",
    "local_time_nonexistent": "Klokkeslættet findes ikke (skift til sommertid)",
    "local_time_ambiguous": "Klokkeslættet findes to gange (skift til vintertid)",
    "number_format": "Tallet er ikke skrevet som aftalt",
    "too_many_decimals": "Flere decimaler end aftalt",
    "not_a_multiple": "Ikke et multiplum af det aftalte trin",
    "integer_format": "Ikke et helt tal",
    "out_of_range": "Uden for det aftalte interval eller større, end der kan gemmes",
    "boolean_format": "Hverken ja eller nej, som det er aftalt",
    "unknown_value": "Ikke en af de aftalte værdier",
    "pattern": "Har ikke den aftalte form",
    "too_long": "Længere end aftalt",
    "cpr_invalid": "Har ikke form af et personnummer",
    "cpr_in_text": "Ser ud til at rumme et personnummer",
    "formula": "Begynder som en regnearksformel",
    "formula_error": "Fejl, formel uden gemt resultat eller ####",
    "shown_otherwise": "Vises anderledes, end den er gemt (procent, skalering, skjult, uden årstal, bagfra)",
    "merged_cells": "Flettet med celler i andre rækker eller kolonner",
    "mixed_scripts": "Nøgle med bogstaver fra to skriftsystemer",
    "bad_character": "Rummer et nultegn eller et halvt tegn",
    "header_repeated": "Rækken gentager overskriften",
    "header_moved": "Rækken gentager overskriften i en anden rækkefølge",
    "duplicate_key": "Nøglen findes flere gange i leveringen",
    "row_structure": "Forkert antal kolonner eller et anførselstegn, der ikke er lukket",
}
#: What became of the records that were counted in a delivered file, by fate or by the code of what else was seen.
ACCOUNT = {
    "scanned": "Poster i filen, talt før den læses",
    "accepted": "Læst og godtaget",
    "set_aside": "Afvist",
    "blank": "Udeladt: tom post",
    "note": "Udeladt: note uden nøgle",
    "totals": "Udeladt: tabellens sumrække",
    "above_header": "Udeladt: over overskriften",
    "line_end_crlf": "Set: linjer, der slutter med CR LF",
    "line_end_lf": "Set: linjer, der slutter med LF",
    "line_end_cr": "Set: vognretur alene",
    "line_in_text": "Set: linjer i en tekst i anførselstegn",
    "loose_quote": "Set: anførselstegn, der ikke følger reglerne",
    "line_encoded_twice": "Set: linjer med bogstaver, der er kodet to gange (Ã¸ for ø)",
    "formula": "Set: celler med formel",
    "formula_without_result": "Set: formler uden gemt resultat",
}
#: What a delivered text was read as, by the rule's code.
READING = {
    "header": "Overskriften er skrevet anderledes end aftalt",
    "line_end": "Linjen sluttede anderledes end de fleste",
    "escape": "Rummede et regneark-tegn som _x000D_",
    "invisible": "Rummede usynlige tegn",
    "composed": "Var ikke i Unicodes sammensatte form (NFC)",
    "blank": "Rummede mellemrum, der ikke er almindelige",
    "outer_blank": "Havde mellemrum i enderne",
    "nothing": "Er et ord, der står for ingenting, og læses som tomt",
    "nobody": "Er et nummer, der ikke er nogens; rækken er med uden person",
    "identity_spelling": "Er et personnummer skrevet på en anden måde",
    "often": "Rækker om én person, der har langt flere end nogen anden; se efter, om nummeret er opdigtet",
}
#: The ways in which a published figure does not agree with its own publication.
FLAG = {
    "udfald_ulig_i_alt": "Udfaldene giver tilsammen ikke det oplyste antal i alt",
    "boern_ulig_foraelder": "De underordnede love giver tilsammen ikke den overordnede",
    "kvartaler_ulig_aar": "Kvartalerne giver tilsammen ikke året",
    "afrunding": "Andelene stemmer ikke, heller ikke når de må være afrundet",
}
#: What a published figure counts, where dim_outcome has no name for it.
MEASURE = {
    "i_alt": "Sager i alt",
    "omgoerelse": "Omgørelsesprocent",
    "omgjort": "Omgørelsesprocent",
    "henvendelser": "Henvendelser",
    "aendring_fra_aaret_foer": "Ændring fra året før",
    "bemaerkninger": "Bemærkninger i alt",
    "kritisk": "Kritiske bemærkninger",
    "væsentlig": "Væsentlige bemærkninger",
    "mindre": "Mindre bemærkninger",
    "viderefoert": "Videreførte bemærkninger",
    "ny": "Nye bemærkninger",
}
FICTIONAL = "(fiktiv)"


_STALE = (
    (re.compile(r"last attempt: (\w+)"), lambda m: f"Seneste forsøg: {OUTCOME.get(str(m[1]), str(m[1])).lower()}"),
    (
        re.compile(r"(\d+) days old; the contract allows (\d+)"),
        lambda m: f"Leveringen er {m[1]} dage gammel; kontrakten tillader {m[2]}",
    ),
    (re.compile("the newest delivery was withdrawn"), lambda m: "Den nyeste levering er trukket tilbage"),
)

#: The results of spoiling good figures on purpose, where it was done, and how much of it.
TRIAL_OUTCOME = {
    "blocked": "stoppet",
    "refused": "afvist ved indlæsning",
    "warned": "advarsel",
    "missed": "ikke set",
}
MUTATION_KIND = {
    "candidate": "i de færdige tal",
    "delivery": "i en levering",
}
MUTATION_SIZE = {
    "row": "1 række",
    "percent": "1 procent",
    "tenth": "10 procent",
    "whole": "Det hele",
}


def stale(reason: str | None) -> str:
    """Why a source is stale, in Danish. The warehouse records it in English."""
    for pattern, says in _STALE:
        if reason and (found := pattern.fullmatch(reason)):
            return says(found)
    return reason or ""


def fictional(authority: str, is_fictional: bool) -> str:
    """The authority's name, marked once where its figures are made up."""
    return f"{authority.removesuffix(f' {FICTIONAL}')} {FICTIONAL}" if is_fictional else authority


def is_total(authority: str) -> bool:
    """Whether the authority is all authorities together."""
    return authority.removesuffix(f" {FICTIONAL}") == WHOLE_COUNTRY


def plural(count: int, one: str, many: str) -> str:
    return one if count == 1 else many
