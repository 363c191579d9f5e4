using System.Collections.Frozen;
using Flotilla.Api.Schema;

namespace Flotilla.Api.Protobuf;

/// <summary>
/// Which fields upstream's types hold by value: scalars that JSON leaves out when they are zero, objects that it never
/// leaves out, and the times of states and conditions. Their zeros are written in protobuf; of fields held by reference
/// only what is set.
/// </summary>
internal static class ValueFields
{
    private static readonly FrozenSet<string> Others = new[]
    {
        "core.v1.ServicePort.targetPort", "core.v1.HTTPGetAction.port", "core.v1.TCPSocketAction.port", "apps.v1.ControllerRevision.data",
        "resource.v1.OpaqueDeviceConfiguration.parameters", "core.v1.ContainerStateRunning.startedAt", "core.v1.ContainerStateTerminated.startedAt",
        "core.v1.ContainerStateTerminated.finishedAt", "core.v1.Event.firstTimestamp", "core.v1.Event.lastTimestamp", "core.v1.Event.eventTime",
        "core.v1.EventSeries.lastObservedTime", "events.v1.Event.deprecatedFirstTimestamp", "events.v1.Event.deprecatedLastTimestamp", "events.v1.Event.eventTime",
        "events.v1.EventSeries.lastObservedTime", "storage.v1.VolumeError.time", "authentication.v1.TokenRequestStatus.expirationTimestamp",
        "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta.creationTimestamp",
    }.ToFrozenSet(StringComparer.Ordinal);

    public static bool Holds(string type, MessageField field) => !field.IsRepeated && !field.IsMap && field.Value switch
    {
        MessageValue.String or MessageValue.Int32 or MessageValue.Int64 or MessageValue.Boolean or MessageValue.Quantity => Known(type, field) is var (schema, known) && ZeroValues.IsByValue(schema, known),
        MessageValue.Message => !field.IsInline && Known(type, field) is var (schema, known) && StructFields.IsAlwaysPresent(schema, known),
        MessageValue.Time when type.EndsWith("Condition", StringComparison.Ordinal) => true,
        _ => Others.Contains($"{type}.{field.Name}"),
    };

    private static (TypeSchema Type, FieldSchema Field)? Known(string type, MessageField field) =>
        SchemaTable.BuiltIn.Named(type) is { } schema && schema.Fields.TryGetValue(field.Name, out var known) ? (schema, known) : null;
}
