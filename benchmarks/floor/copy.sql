-- Everything as text, as it was delivered.
create table delivered_complaint (
    sagsnummer text, cpr text, modtaget text, registreret text, videresendt text, besvaret text, afgjort text,
    svarfrist text, klagetype text, modtager text, henvist_af text, henvisers_sagsnummer text, center text,
    lov text, tema text, udfald text, lukket text, kle text, fritekst text
);
create table delivered_point (sagsnummer text, punkt text, tema text, vurdering text);
create table delivered_unit (enhed text, gyldig_fra text, gyldig_til text, navn text, niveau text, overordnet text);
create table delivered_referral (sagsnummer text, modtaget text, henvist text, tema text, udfald text);

\copy delivered_complaint from 'klager.csv' with (format csv, header true, force_null *)
\copy delivered_point from 'klagepunkter.csv' with (format csv, header true, force_null *)
\copy delivered_unit from 'enheder.csv' with (format csv, header true, delimiter ';')
\copy delivered_referral from 'henvisninger.csv' with (format csv, header true, delimiter ';')
