using Flotilla.Api.Pods;
using Flotilla.Docker;
using Flotilla.Engine;
using Flotilla.Node.Pods;
using Flotilla.Node.Volumes;

namespace Flotilla.Composition;

/// <summary>Docker's volumes of this machine, for its pods.</summary>
internal sealed class NodeVolumes(MachineVolumes volumes) : INamedVolumes
{
    private static readonly Dictionary<string, string> None = [];

    public IReadOnlyCollection<string> HoldingPods => volumes.HoldingPods;

    public string? NameOf(string directory) => volumes.NameOf(directory);

    public Task HoldAsync(string podUid, string name, NamedVolume wanted, CancellationToken cancellationToken) =>
        ToldAsync(() => volumes.HoldAsync(podUid, name, wanted.Labels ?? None, wanted.Options ?? None, cancellationToken));

    public Task FillAsync(string name, string image, string path, CancellationToken cancellationToken) => ToldAsync(() => volumes.FillAsync(name, image, path, cancellationToken));

    public Task ReleaseAsync(string podUid, CancellationToken cancellationToken) => ToldAsync(() => volumes.ReleaseAsync(podUid, cancellationToken));

    private static async Task ToldAsync(Func<Task> doAsync)
    {
        try
        {
            await doAsync();
        }
        catch (DockerException refused)
        {
            throw new VolumeException(refused.Message, refused);
        }
    }
}
