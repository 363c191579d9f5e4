using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using Flotilla.Node.Status;
using k8s.Models;

namespace Flotilla.Node.Tests.Volumes;

public sealed class HugePagesTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-pages-");

    [Fact]
    public void The_machines_pages_are_counted_by_size_and_are_no_longer_plain_memory()
    {
        Keep("hugepages-2048kB", 3);
        Keep("hugepages-1048576kB", 0);
        var pages = HugePages.OfThisMachine(directory.FullName);
        Assert.Equal([("hugepages-1Gi", 0L), ("hugepages-2Mi", 6L << 20)], pages.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, pair.Value)));

        var (without, with) = (new NodeCapacity(2, 1L << 32, 1L << 40, 110), new NodeCapacity(2, 1L << 32, 1L << 40, 110) { HugePages = pages });
        Assert.Equal(6m * (1 << 20), without.AmountOf("memory") - with.AmountOf("memory"));
        Assert.Equal(6m * (1 << 20), with.AmountOf("hugepages-2Mi"));
        Assert.Equal(("6Mi", "0"), (with.Allocatable()["hugepages-2Mi"].ToString(), with.Capacity()["hugepages-1Gi"].ToString()));
        Assert.Empty(HugePages.OfThisMachine("/nowhere"));
    }

    [Theory]
    [InlineData("HugePages", "hugepages-2Mi", 2L << 20)]
    [InlineData("HugePages-1Gi", "hugepages-2Mi hugepages-1Gi", 1L << 30)]
    public void A_volumes_pages_are_those_that_the_containers_ask_for(string medium, string asked, long bytes) => Assert.Equal(bytes, HugePages.PageSizeFor(medium, Asks(asked)));

    [Theory]
    [InlineData("HugePages", "cpu", "medium HugePages: hugePages storage requested, but the resource request for huge pages is missing.")]
    [InlineData("HugePages-1Gi", "hugepages-2Mi", "medium HugePages-1Gi: hugePages storage requested, but the resource request for huge pages is missing.")]
    [InlineData("HugePages", "hugepages-2Mi hugepages-1Gi", "medium: HugePages can't be used if container requests multiple huge page sizes")]
    public void What_nobody_asks_for_or_is_not_clear_is_refused(string medium, string asked, string fault) =>
        Assert.Equal(fault, Assert.Throws<VolumeException>(() => HugePages.PageSizeFor(medium, Asks(asked))).Message);

    [Fact]
    public void A_containers_limit_is_told_in_the_kernels_words()
    {
        var pod = Asks("hugepages-2Mi");
        pod.Spec.Containers[0].Resources.Limits = pod.Spec.Containers[0].Resources.Requests;
        var limit = Assert.Single(ContainerResources.For(pod, pod.Spec.Containers[0]).HugepageLimits);
        Assert.Equal(("2MB", 4UL << 20), (limit.PageSize, limit.Limit));
    }

    public void Dispose() => directory.Delete(recursive: true);

    private void Keep(string size, int pages) => File.WriteAllText(Path.Combine(directory.CreateSubdirectory(size).FullName, "nr_hugepages"), $"{pages}\n");

    private static V1Pod Asks(string resources) => new()
    {
        Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "default", Uid = "u" },
        Spec = new V1PodSpec
        {
            Containers = [new V1Container { Name = "c", Resources = new V1ResourceRequirements { Requests = resources.Split(' ').ToDictionary(name => name, _ => new ResourceQuantity("4Mi")) } }],
        },
    };
}
