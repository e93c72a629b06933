"""The stock of words that invented people and companies are named from."""


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


FIRST_NAMES = {
    "fr": _listed(
        "Camille, Élodie, Jean-Baptiste, Chloé, François, Anaïs, Benoît, Marie-Claire, Thibault, "
        "Océane, Rémi, Hélène, Loïc, Noémie, Étienne, Aurélie, Maxime, Gaëlle, Sébastien, Inès, "
        "Guillaume, Margaux, Cédric, Léa, Aurélien, Solène"
    ),
    "de": _listed(
        "Jürgen, Katharina, Björn, Anneliese, Lukas, Käthe, Matthias, Sabine, Jörg, Friederike, "
        "Stefan, Ursula, Hans-Peter, Heike, Günther, Franziska, Tobias, Jana, Moritz, Birgit, Sönke, "
        "Lena, Rüdiger, Antje, Florian, Ulrike"
    ),
    "es": _listed(
        "Lucía, Álvaro, María, Íñigo, Begoña, Javier, Concepción, Raúl, Nuria, Sergio, Marta, Jesús, "
        "Inmaculada, Pablo, Sofía, Andrés, Beatriz, Iván, Rocío, Tomás, Elena, Gonzalo, Pilar, Ramón, "
        "Ainhoa, Óscar"
    ),
    "en": _listed(
        "Olivia, James, Siobhan, Oliver, Grace, Liam, Charlotte, Owen, Hannah, Ethan, Emily, Declan, "
        "Abigail, Mason, Rhiannon, Jack, Zoe, Harrison, Megan, Tyler, Imogen, Caleb, Erin, Dylan, "
        "Niamh, Logan"
    ),
    "nordic": _listed(
        "Åsa, Søren, Ingrid, Björn, Mette, Øystein, Freja, Jørgen, Sigríður, Håkan, Kirsten, Þór, "
        "Linnéa, Anders, Tuula, Mikko, Signe, Nils, Astrid, Lars, Päivi, Gunnar"
    ),
    "pl": _listed(
        "Małgorzata, Paweł, Agnieszka, Łukasz, Grażyna, Wojciech, Żaneta, Michał, Katarzyna, "
        "Stanisław, Bożena, Tomasz, Zofia, Rafał, Elżbieta, Grzegorz, Joanna, Bartłomiej"
    ),
    "nl": _listed(
        "Sanne, Jeroen, Maaike, Thijs, Femke, Daan, Lieke, Wouter, Anouk, Bram, Noor, Sander, Fleur, "
        "Joost, Eva, Ruben, Lotte, Maarten, Hélène, Pieter-Jan"
    ),
    "abroad": _listed(
        "Dmitri, Yuki, Nguyen, Xiaoming, Fatima, Oleksandr, Priya, Mehmet, Aikaterini, Hyun-woo, "
        "Amina, Giorgos, Svetlana, Rajesh, Noor, Haruto, Thi-Mai, Zeynep, Chinedu, Ioana, Ngozi, "
        "Tariq"
    ),
}

LAST_NAMES = {
    "fr": _listed(
        "Lefèvre, Dubreuil, Beaulieu-Martel, de la Roche, Châtelain, Mercier, Gauthier, d'Aubigny, "
        "Lemaître, Poirier, Delacroix, Bérenger, Roussel, Fournier-Hamel, Le Goff, Vasseur, Guérin, "
        "Marchand, Pélissier, Rivière, Carpentier, Barthélemy, Noël, du Plessis"
    ),
    "de": _listed(
        "Müller, Schäfer, Großmann, von Hohenfels, Weiß, König, Bäcker, Schröder, Meyer-Lüdtke, "
        "Krüger, Hoffmann, Jäger, Vogel, Böhm, Zimmermann, Hübner, Fuchs, Schuster, Lang, Götz, zu "
        "Eichen, Strauß, Winkler, Ölschläger"
    ),
    "es": _listed(
        "García, Núñez, Fernández, Ibáñez, Muñoz, Rodríguez, López, Peña, Gutiérrez, Ortiz, Castaño, "
        "Sánchez, Vázquez, Herrera, Domínguez, Zubizarreta, Molina, Iglesias, Blanco, Echeverría, "
        "Serrano, Vidal"
    ),
    "en": _listed(
        "O'Connell, Whitaker, Ashworth, McAllister, Fairbanks, Smythe-Ellis, Holloway, Pemberton, "
        "Walker, Okafor, Langley, St. Clair, Thornton, Brooks, D'Arcy, Kingsley, Hughes, Ainsworth, "
        "Carter, MacLeod, Bennett, Prescott, Rowe, Hartley"
    ),
    "nordic": _listed(
        "Sørensen, Åkesson, Bjørnstad, Lindström, Østergaard, Halvorsen, Nygård, Kjær, Mäkinen, "
        "Söderberg, Guðmundsdóttir, Holm, Virtanen, Dahlgren, Rønning, Ström, Hämäläinen"
    ),
    "pl": _listed(
        "Wójcik, Kowalczyk, Dąbrowski, Łęcki, Szymańska, Zieliński, Woźniak, Grabowska, Pawłowska, "
        "Jabłoński, Krawczyk, Nowak-Żuk, Sikora, Głowacka, Bąk"
    ),
    "nl": _listed(
        "van den Berg, de Vries, Bakker, van Dijk, ter Horst, Visser, Jansen, van 't Hoff, Smit, de "
        "Groot, Verhoeven, Claes, Peeters, Vandenbroucke, Wouters, De Smedt"
    ),
    "abroad": _listed(
        "Sokolov, Tanaka, Tran, Wang, Al-Hashimi, Kovalenko, Raghunathan, Çelik, Papadopoulou, Park, "
        "Diallo, Shevchenko, Kobayashi, Petrov, Ben Salah, Öztürk, Adeyemi, Popescu"
    ),
}

CULTURE_OF = {"FR": "fr", "US": "en", "GB": "en", "DE": "de", "ES": "es", "BE": "nl", "NL": "nl"}
COUNTRY_WEIGHTS = {"FR": 27, "US": 23, "GB": 14, "DE": 13, "ES": 10, "BE": 6, "NL": 7}

CITIES = {
    "FR": _listed("Paris, Lyon, Nantes, Lille, Toulouse"),
    "US": _listed("Austin, Boston, Chicago, Denver, Seattle"),
    "GB": _listed("London, Leeds, Bristol, Manchester"),
    "DE": _listed("Berlin, Hamburg, München, Köln"),
    "ES": _listed("Madrid, Barcelona, Valencia, Bilbao"),
    "BE": _listed("Bruxelles, Gent, Antwerpen, Liège"),
    "NL": _listed("Amsterdam, Utrecht, Rotterdam, Eindhoven"),
}

LEGAL_FORMS = {"FR": "SAS", "US": "Inc", "GB": "Ltd", "DE": "GmbH", "ES": "SL", "BE": "NV", "NL": "BV"}

COMPANY_HEADS = _listed(
    "Alder, Boréal, Cobalt, Dune, Ember, Fjord, Granite, Hêtre, Indigo, Juniper, Kestrel, Lumen, "
    "Meridian, Nordlicht, Ocre, Pivot, Quartz, Rivage, Saffron, Tilia, Umbra, Verdant, Willow, Xylo, "
    "Yarrow, Zéphyr, Aurora, Brücke, Cumulus, Delta, Estela, Falcon, Glacier, Harbor"
)
COMPANY_TAILS = _listed(
    "Analytics, Logistics, Robotics, Foods, Software, Énergie, Health, Textiles, Mobility, Finance, "
    "Labs, Studio, Systeme, Maritime, Materials, Media"
)
INDUSTRIES = _listed(
    "Software Development, Logistics, Financial Services, Food Production, Renewable Energy, "
    "Hospitals and Health Care, Textile Manufacturing, Media Production, Industrial Machinery"
)
JOB_TITLES = _listed(
    "Account Executive, Head of Marketing, Chief Financial Officer, Software Engineer, Operations "
    "Manager, Product Manager, Sales Director, People Partner, Data Analyst, Founder, Procurement "
    "Lead"
)
SIZES = ("2-10", "11-50", "51-200", "201-500", "501-1000", "1001-5000")
MAIL_HOSTS = ("google", "microsoft", "ovh", "ionos", "self-hosted")
PERSONAL_DOMAINS = (
    "mailbox.example",
    "postbox.example",
    "freemail.example",
    "letterbox.test",
    "homemail.test",
)
DISPOSABLE_DOMAINS = frozenset({"throwaway.example", "tenminutes.test"})
