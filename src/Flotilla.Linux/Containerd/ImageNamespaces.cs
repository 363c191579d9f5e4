namespace Flotilla.Linux.Containerd;

/// <summary>containerd's namespaces with images of a node.</summary>
public static class ImageNamespaces
{
    /// <summary>Of its CRI plugin: what is there.</summary>
    public const string Present = "k8s.io";

    /// <summary>Names of what was loaded or made here and is no registry's, so that other nodes are given it. Apart from the rest, for a pull rewrites an image, labels and all.</summary>
    public const string Local = "flotilla-loaded";
}
