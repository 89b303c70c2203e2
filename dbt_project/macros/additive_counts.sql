{# Written by scripts/make_bi_tables.py from the register of indicators. #}
{% macro additive_counts() -%}
    {{ return({
        'kalenderaar ingen': [
            'klager_modtaget',
            'klager_formalitet',
            'klager_realitet',
            'klager_henvist_fra_borgerraadgiver',
            'borgerraadgiver_henvisninger',
            'ankesager_afgjort',
            'revisionsbemaerkninger',
            'klausulbrud',
            'ankesager_egne_afgjort',
            'principmeddelelser',
            'praksisundersoegelser_afsluttet',
            'kommunetilsyn_afsluttet',
        ],
        'beretningsaar ingen': [
            'klager_modtaget',
            'klager_formalitet',
            'klager_realitet',
            'klager_henvist_fra_borgerraadgiver',
            'borgerraadgiver_henvisninger',
            'borgerraadgiver_henvendelser',
        ],
        'kvartal ingen': [
            'klager_modtaget',
            'klager_formalitet',
            'klager_realitet',
            'ankesager_afgjort',
            'klausulbrud',
            'ankesager_egne_afgjort',
        ],
        'kalenderaar center': [
            'klager_modtaget',
            'klager_formalitet',
            'klager_realitet',
            'ankesager_egne_afgjort',
        ],
        'kalenderaar center_nu': [
            'klager_modtaget',
            'klager_formalitet',
            'klager_realitet',
            'ankesager_egne_afgjort',
        ],
    }) }}
{%- endmacro %}
