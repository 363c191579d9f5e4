namespace Flotilla.Api.Kinds;

/// <summary>Every kind a server offers without custom resources, in the order discovery lists their groups.</summary>
public static class BuiltInKinds
{
    public static IEnumerable<Kind> All =>
    [
        .. CoreKinds.All,
        .. ApiRegistrationKinds.All,
        .. AppsKinds.All,
        .. EventsKinds.All,
        .. AuthenticationKinds.All,
        .. AuthorizationKinds.All,
        .. AutoscalingKinds.All,
        .. BatchKinds.All,
        .. CertificatesKinds.All,
        .. NetworkingKinds.All,
        .. PolicyKinds.All,
        .. RbacKinds.All,
        .. StorageKinds.All,
        .. AdmissionKinds.All,
        .. ApiExtensionsKinds.All,
        .. SchedulingKinds.All,
        .. CoordinationKinds.All,
        .. NodeApiKinds.All,
        .. DiscoveryKinds.All,
        .. ResourceKinds.All,
        .. FlowControlKinds.All,
        .. MetricsKinds.All,
    ];
}
