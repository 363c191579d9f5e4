using System.Text.Json.Nodes;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds;

/// <summary>An update through a subresource: what of it counts, and what may be wrong with it; both (new, old).</summary>
public sealed record PartialUpdate(Func<JsonObject, JsonObject, IEnumerable<FieldError>> Check, Action<JsonObject, JsonObject>? Prepare = null);
