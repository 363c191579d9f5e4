namespace Flotilla.Api.Volumes;

/// <summary>Marks by which binder, scheduler and provisioners talk to each other on claims and volumes.</summary>
public static class VolumeAnnotations
{
    /// <summary>On claims: they were bound once, so a missing volume means lost data.</summary>
    public const string BindCompleted = "pv.kubernetes.io/bind-completed";

    /// <summary>On claims and volumes: the binder made the reference, so it may take it back.</summary>
    public const string BoundByController = "pv.kubernetes.io/bound-by-controller";

    /// <summary>On volumes: who made them, and deletes what is behind them.</summary>
    public const string ProvisionedBy = "pv.kubernetes.io/provisioned-by";

    /// <summary>On claims: who shall make a volume.</summary>
    public const string Provisioner = "volume.kubernetes.io/storage-provisioner";

    public const string BetaProvisioner = "volume.beta.kubernetes.io/storage-provisioner";

    /// <summary>On claims: where the first pod that uses them will run.</summary>
    public const string SelectedNode = "volume.kubernetes.io/selected-node";

    /// <summary>On claims and volumes of the oldest clients, instead of <c>storageClassName</c>.</summary>
    public const string BetaClass = "volume.beta.kubernetes.io/storage-class";

    public static bool Has(IDictionary<string, string>? annotations, string name) => annotations?.ContainsKey(name) == true;
}
