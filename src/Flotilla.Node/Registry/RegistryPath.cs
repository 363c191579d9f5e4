namespace Flotilla.Node.Registry;

internal enum RegistryResource
{
    Root,
    Manifest,
    Blob,
}

/// <summary>A path of the OCI distribution protocol: <c>/v2/{repository}/manifests/{tag or digest}</c> or <c>/v2/{repository}/blobs/{digest}</c>.</summary>
internal sealed record RegistryPath(RegistryResource Resource, string Repository, string Reference)
{
    public bool IsDigest => Reference.StartsWith("sha256:", StringComparison.Ordinal);

    public static RegistryPath? Parse(string path)
    {
        var parts = path.Trim('/').Split('/');
        return parts switch
        {
            ["v2"] => new RegistryPath(RegistryResource.Root, "", ""),
            ["v2", .., "manifests", _] when parts.Length >= 4 => Of(RegistryResource.Manifest, parts),
            ["v2", .., "blobs", _] when parts.Length >= 4 => Of(RegistryResource.Blob, parts),
            _ => null,
        };
    }

    private static RegistryPath Of(RegistryResource resource, string[] parts) =>
        new(resource, string.Join('/', parts[1..^2]), parts[^1]);
}
