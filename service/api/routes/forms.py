"""OpenAPI's picture of multipart bodies, which are read as streams, past the framework."""

from typing import Any

from service.api.routes.orders import OrderFields


def form_of(field: str, several: bool) -> dict[str, Any]:
    """A form with one clip, or several, in `field`, and what may be asked for with it."""
    clip = {"type": "string", "format": "binary", "description": "The clip."}
    content = {"type": "array", "items": clip, "minItems": 1} if several else clip
    schema = {
        "type": "object",
        "required": [field],
        "properties": {field: content, **OrderFields.model_json_schema()["properties"]},
    }
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
