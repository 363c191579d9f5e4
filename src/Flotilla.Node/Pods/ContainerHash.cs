using System.Security.Cryptography;
using System.Text;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Tells whether a running container still is what the pod asks for. Of a pod's containers only the image can change.</summary>
internal static class ContainerHash
{
    public static string Of(V1Container container) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{container.Name}\n{container.Image}")))[..8];
}
