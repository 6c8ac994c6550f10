#!/usr/bin/env python3
"""Makes KioskSans-{Regular,Bold}.otf from Debian's fonts-noto-cjk (Noto Sans CJK SC, face 2 of the .ttc, OFL 1.1).

Needs python3-fonttools and fonts-noto-cjk. The results are committed, because every screen is compared pixel by pixel
with a picture and a kiosk must draw the same on a machine without fonts; run this only to change the set of characters.

Contents: ASCII, Latin-1, punctuation and symbols of GB 2312, all hanzi of GB 2312, the first level of Big5 (for
traditional screens), and a list of rare characters of names. Every other character of a name comes from the big
fallback fonts on disk (fonts-noto-cjk, fonts-hanazono).
"""
from fontTools import subset
from fontTools.ttLib import TTCollection

RARE = (
    "䶮𬱖𫖯龑㛃堃喆犇骉羴猋淼焱垚鑫燚昇晟祎禤逯亓仝佘侴呙岜帯彧昝珺璟瑄翀翙芃苨茜萚蔄袆赟郄郗酆釆镕镡闫雒靳韪颉顸颀骁髙魃麴黉"
    "齮𠅤𡐓𣲗𬀩𬬭𬭎𬶋𬸚㑇㕮㘎㙍㙘㙦㛚㛹㟃㠇㠓㤘㥄㧐㧑㧟㫰㬊㬎㬚㭎㭕㮾㰀㳇㳘㳚㴔㵐㶲㸆㸌㺄㻬㽏㿠䁖䂮䃅䃎䅟䌹䎃䎖䏝䏡䏲䐃䓖䓛䓨"
    "䓫䓬䗖䗛䗪䗴䜣䝙䢺䢼䣘䥽䦃䲟䲠䲢䴓䴔䴕䴖䴗䴘䴙"
)


def two_byte(codec, lead, trail):
    for a in lead:
        for b in trail:
            try:
                yield bytes([a, b]).decode(codec)
            except UnicodeDecodeError:
                pass


chars = {chr(c) for c in range(0x20, 0x7F)} | {chr(c) for c in range(0xA0, 0x100)}
chars |= set("–—‘’“”…•·‰′″※←↑→↓↖↗↘↙√∞≈≠≤≥○●◎◇◆□■△▲▽▼★☆✓✕⌫€￥〓①②③④⑤⑥⑦⑧⑨⑩")
chars |= set(two_byte("gb2312", range(0xA1, 0xF8), range(0xA1, 0xFF)))
chars |= set(two_byte("big5", range(0xA4, 0xC7), list(range(0x40, 0x7F)) + list(range(0xA1, 0xFF))))
chars |= set(RARE)

for weight in ("Regular", "Bold"):
    font = TTCollection(f"/usr/share/fonts/opentype/noto/NotoSansCJK-{weight}.ttc").fonts[2]
    options = subset.Options(
        hinting=False, desubroutinize=False, layout_features=["kern", "palt"], name_IDs=[1, 2, 4, 6, 13, 14]
    )
    options.drop_tables += ["vhea", "vmtx", "VORG", "DSIG"]
    s = subset.Subsetter(options)
    s.populate(unicodes=[ord(c) for c in chars])
    s.subset(font)
    for record in font["name"].names:
        record.string = {1: "Kiosk Sans", 2: weight, 4: f"Kiosk Sans {weight}", 6: f"KioskSans-{weight}"}.get(
            record.nameID, record.toUnicode())
    top = font["CFF "].cff.topDictIndex[0]
    top.FullName, top.FamilyName = f"Kiosk Sans {weight}", "Kiosk Sans"
    font["CFF "].cff.fontNames[0] = f"KioskSans-{weight}"
    font.save(f"KioskSans-{weight}.otf")
    print(weight, len(font.getBestCmap()))
