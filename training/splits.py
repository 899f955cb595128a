"""Which pages of the data pack are kept out of branch training."""

from typing import Final

HELD_OUT_SOURCES: Final = frozenset(
    {
        "choijeongsoo/lip2speech-unit",
        "liutaocode/DiffDub",
        "deepcs233/deepcs233.github.io",
        "tanshuai0219/EDTalk",
        "InternVoiceShop/data",
        "FreedomIntelligence/talk-vid",
        # Pages of one to three clips, taken together.
        "Akash-Jariwala/lipsync-assignment",
        "DaddyJin/faceswap_pre_post_process",
        "NVlabs/eg3d",
        "OpenTalker/SadTalker",
        "PhaniTejaPMSS/video-lip-sync",
        "Sindhu-Hegde/gestsync",
        "akashsharma-2002/LIP_SYNC",
        "kuwarkapur/Wav2Lip_testing",
        "manasidp/DL-MiniProject-2",
        "saviaga/riiaa_mx_workshop",
    }
)


def is_held_out(source: str) -> bool:
    """Whether a page's clips are kept out of branch training.

    The pages that show both classes are held out, so that fusion is fitted and the matched figures are measured on
    people, sources and generators that no branch has seen.
    """
    return source in HELD_OUT_SOURCES
