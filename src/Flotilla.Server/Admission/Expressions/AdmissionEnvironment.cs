using Flotilla.Cel;
using Flotilla.Cel.Types;

namespace Flotilla.Server.Admission.Expressions;

/// <summary>What expressions about a request may name. Objects are seen as they are, without a schema.</summary>
internal static class AdmissionEnvironment
{
    private static readonly CelType Text = CelType.String;

    private static readonly CelType Kind = Fields("kubernetes.GroupVersionKind", ("group", Text), ("version", Text), ("kind", Text));

    private static readonly CelType Resource = Fields("kubernetes.GroupVersionResource", ("group", Text), ("version", Text), ("resource", Text));

    private static readonly CelType User = Fields(
        "kubernetes.UserInfo", ("username", Text), ("uid", Text), ("groups", CelType.List(Text)), ("extra", CelType.Map(Text, CelType.List(Text))));

    private static readonly CelType Request = Fields(
        "kubernetes.AdmissionRequest",
        ("kind", Kind), ("resource", Resource), ("subResource", Text), ("requestKind", Kind), ("requestResource", Resource), ("requestSubResource", Text),
        ("name", Text), ("namespace", Text), ("operation", Text), ("userInfo", User), ("dryRun", CelType.Bool), ("options", CelType.Dyn));

    private static readonly CelType Metadata = Fields(
        "kubernetes.NamespaceMetadata",
        ("name", Text), ("generateName", Text), ("namespace", Text), ("labels", CelType.Map(Text, Text)), ("annotations", CelType.Map(Text, Text)), ("UID", Text), ("uid", Text),
        ("creationTimestamp", CelType.Dyn), ("deletionTimestamp", CelType.Dyn), ("deletionGracePeriodSeconds", CelType.Int), ("generation", CelType.Int), ("resourceVersion", Text),
        ("finalizers", CelType.List(Text)));

    private static readonly CelType Namespace = Fields(
        "kubernetes.Namespace",
        ("metadata", Metadata), ("spec", Fields("kubernetes.NamespaceSpec", ("finalizers", CelType.List(Text)))), ("status", Fields("kubernetes.NamespaceStatus", ("phase", Text))));

    /// <summary>For match conditions of webhooks.</summary>
    public static CelEnvironment Plain { get; } = CelEnvironment.Kubernetes()
        .With("object", CelType.Dyn)
        .With("oldObject", CelType.Dyn)
        .With("request", Request)
        .With("authorizer", CelAuthorizer.AuthorizerType)
        .With("authorizer.requestResource", CelAuthorizer.ResourceCheckType);

    /// <summary>For policies; those with a kind of parameters may name them too.</summary>
    public static CelEnvironment ForPolicy(bool hasParams)
    {
        var environment = Plain.With("namespaceObject", Namespace);
        return hasParams ? environment.With("params", CelType.Dyn) : environment;
    }

    private static CelType Fields(string name, params (string Name, CelType Type)[] fields) =>
        CelType.Object(name, fields.ToDictionary(field => field.Name, field => field.Type, StringComparer.Ordinal));
}
