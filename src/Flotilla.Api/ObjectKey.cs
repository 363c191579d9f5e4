namespace Flotilla.Api;

/// <summary>Where an object lives within its resource. <see cref="Namespace"/> is null for cluster-scoped objects.</summary>
public readonly record struct ObjectKey(string? Namespace, string Name)
{
    public override string ToString() => Namespace is null ? Name : $"{Namespace}/{Name}";
}
