using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Storage;

/// <summary>A volume attached to a node, or about to be.</summary>
internal static class AttachmentRules
{
    private const int LargestMetadata = 256 * 1024;
    private const int LongestMessage = 1024;

    public static readonly IReadOnlyDictionary<string, PartialUpdate> Parts = new Dictionary<string, PartialUpdate> { [Subresource.StatusName] = new((item, _) => CheckStatus(item)) };

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        var errors = StorageSourceRules.DriverName(spec.String("attacher"), "spec.attacher").Concat(CheckSource(spec.Object("source")))
            .Concat(FieldRules.Text(spec.String("nodeName") ?? "", "spec.nodeName", Names.CheckSubdomain)).Concat(CheckStatus(item));
        return old is null || spec.SameAs(old.Object("spec")) ? errors : errors.Append(FieldError.Invalid("spec", spec?.DeepClone(), "field is immutable"));
    }

    private static IEnumerable<FieldError> CheckSource(JsonObject? source)
    {
        var (name, inline) = (source.String("persistentVolumeName"), source.Object("inlineVolumeSpec"));
        return (name, inline) switch
        {
            (null, null) => [FieldError.Required("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName")],
            (not null, not null) => [FieldError.Forbidden("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName")],
            ("", _) => [FieldError.Required("spec.source.persistentVolumeName", "must specify non empty persistentVolumeName")],
            _ => [],
        };
    }

    private static IEnumerable<FieldError> CheckStatus(JsonObject item)
    {
        var status = item.Object("status");
        var size = (status.Object("attachmentMetadata") ?? []).Sum(pair => Encoding.UTF8.GetByteCount(pair.Key) + Encoding.UTF8.GetByteCount(pair.Value.AsString() ?? ""));
        return (size > LargestMetadata ? [FieldError.TooLong("status.attachmentMetadata", LargestMetadata)] : Array.Empty<FieldError>())
            .Concat(new[] { "attachError", "detachError" }.Where(field => status.Object(field).String("message")?.Length > LongestMessage).Select(field => FieldError.TooLong($"status.{field}.message", LongestMessage)));
    }
}
